/**
 * What mapping files may say. Four kinds of file, told apart by their first key: `map` (a segment to a resource),
 * `type` (a data type to a data type or resource), `message` (which resources a message makes) and `code` (a code table).
 * `docs/mapping.md` explains them to the people who write them.
 */
import Type, { type Static } from 'typebox';

const text = (description: string) => Type.String({ minLength: 1, description });

const when = text(
  'CEL. The rule counts only where this holds, or has a value: PID-29, !PID-29, PV1-2 == "P".',
);

/** Element names to rules. A name may be a dotted path, or a choice such as `value[x]`. */
const rules = Type.Record(Type.String(), Type.Any(), {
  description:
    'Target element → rule, or a list of rules: a target that holds one takes the first that gives a value.',
});

/** One rule. `rules` inside a rule are checked where they are compiled, level by level. */
export const ruleSchema = Type.Object(
  {
    from: Type.Optional(
      text(
        'Where the value comes from: PID-3, OBX[*]-5, or inside a data-type map CX.4. All repetitions are offered.',
      ),
    ),
    where: Type.Optional(text('CEL. Which repetitions of `from`: CX.5 == "MR".')),
    as: Type.Optional(text('A data-type map (CX, XPN …) or a built-in conversion (date, decimal, text …).')),
    code: Type.Optional(text('A code table.')),
    value: Type.Optional(
      Type.Any({ description: 'A constant. With `code`, the v2 code that is looked up in the table.' }),
    ),
    template: Type.Optional(
      text(
        'Text with {PATH} in it. Gives nothing where one of them is empty; {PATH?} may be, {A|B} is the first of both that is not.',
      ),
    ),
    join: Type.Optional(
      Type.Array(text('An HL7 path.'), { minItems: 1, description: 'Values put together.' }),
    ),
    with: Type.Optional(
      Type.String({ description: 'What stands between joined values. A space if not said.' }),
    ),
    cel: Type.Optional(text('A computed value.')),
    ref: Type.Optional(
      text(
        'A resource type: refers to the one made of the segment at hand, else to the nearest one that this message makes.',
      ),
    ),
    each: Type.Optional(
      text('A segment: the rule is run for each of them here, with that segment at hand. NK1.'),
    ),
    rules: Type.Optional(rules),
    needs: Type.Optional(
      Type.Array(Type.String(), { description: 'Elements without which what `rules` made is left out.' }),
    ),
    to: Type.Optional(
      text(
        'Which type is made, where the target is a choice such as value[x], or a reference to one of several resource types.',
      ),
    ),
    by: Type.Optional(text('The HL7 path whose value chooses among `cases`.')),
    cases: Type.Optional(
      Type.Record(Type.String(), Type.Any(), { description: 'Value, or "A, B" → rule or rules.' }),
    ),
    when: Type.Optional(when),
  },
  { additionalProperties: false },
);

/** One rule as the file has it. */
export type Rule = Static<typeof ruleSchema>;

const description = Type.Optional(Type.String({ description: 'For people.' }));

const identity = Type.Any({
  description:
    'Rule or rules for an Identifier: the business identifier that makes two messages mean the same resource.',
});

/** `map: PID`: a segment to a resource. */
export const segmentSchema = Type.Object(
  {
    map: text(
      'The segment; with a name behind it, MSH-Source, where one to the same resource type is there.',
    ),
    to: text('The FHIR resource type.'),
    description,
    identity,
    numbered: Type.Optional(
      Type.Boolean({
        description: 'The second one in a message with the same identity is another one, numbered #2.',
      }),
    ),
    part: Type.Optional(
      Type.Boolean({
        description:
          'Only adds to the resource of the same identity that an earlier step made; makes none. False if not said.',
      }),
    ),
    rules,
  },
  { additionalProperties: false },
);

/** `type: CX`: a data type to a FHIR data type, primitive or resource. */
export const typeSchema = Type.Object(
  {
    type: text(
      'The HL7 data type; with a name behind it, PL-Room, where one to the same FHIR type is there.',
    ),
    also: Type.Optional(
      Type.Array(Type.String(), { description: 'Data types with the same components: CE for CWE.' }),
    ),
    to: text('The FHIR type or resource type.'),
    description,
    identity: Type.Optional(identity),
    needs: Type.Optional(
      Type.Array(Type.String(), { description: 'Elements without which the whole value is left out.' }),
    ),
    display: Type.Optional(
      Type.Any({ description: 'Rule or rules: what a reference to the resource shows.' }),
    ),
    rules,
  },
  { additionalProperties: false },
);

const eventSchema = Type.Object(
  {
    type: text('What happened: encounter.admitted.'),
    action: Type.Union([
      Type.Literal('create'),
      Type.Literal('update'),
      Type.Literal('cancel'),
      Type.Literal('delete'),
    ]),
    structure: Type.Optional(text('The message structure of this event, where it is not that of the file.')),
    when: Type.Optional(when),
  },
  { additionalProperties: false },
);

/** What a message means for the world, by its trigger event. */
export type EventRule = Static<typeof eventSchema>;

const linesSchema = Type.Object(
  {
    of: text('The field whose values are the lines: OBX-5.'),
    same: Type.Array(text('A field.'), {
      description: 'Groups in a row that agree in these fields are one.',
    }),
    when: Type.Optional(when),
  },
  { additionalProperties: false, description: 'Text that is sent in many segments, one line in each.' },
);

/** A step of a message map: a segment map to run, or a group to walk through. Checked level by level. */
export const stepSchema = Type.Object(
  {
    map: Type.Optional(
      text(
        'A segment, or a named map of one: it is run for each of them, and makes the resource type in `to`.',
      ),
    ),
    to: Type.Optional(text('The resource type.')),
    each: Type.Optional(text('A group of the message structure: `resources` are made for each of them.')),
    resources: Type.Optional(Type.Array(Type.Any())),
    required: Type.Optional(
      Type.Boolean({ description: 'The message is refused when it lacks the segment. False if not said.' }),
    ),
    context: Type.Optional(
      Type.Boolean({
        description:
          'The message only mentions the resource: a destination creates it where it is missing and never changes it. False if not said.',
      }),
    ),
    optional: Type.Optional(
      Type.Boolean({
        description:
          'Made only where the channel asks for this resource type, by `include`. False if not said.',
      }),
    ),
    lines: Type.Optional(linesSchema),
    when: Type.Optional(when),
  },
  { additionalProperties: false },
);

/** One step as the file has it. */
export type Step = Static<typeof stepSchema>;

/** `message: ORU`: which resources a message makes. */
export const messageSchema = Type.Object(
  {
    message: text('MSH-9.1, such as ADT.'),
    structure: Type.Optional(text('The message structure, such as ORU_R01; needed for `each`.')),
    description,
    events: Type.Record(Type.String(), Type.Union([eventSchema, Type.Array(eventSchema)]), {
      description: 'Trigger event → what happened. Of several, the first whose `when` holds.',
    }),
    occurred: Type.Array(Type.String(), {
      description: 'Where the time of the event stands; the first that has one.',
    }),
    resources: Type.Array(Type.Any()),
  },
  { additionalProperties: false },
);

const target = Type.Union([
  Type.String(),
  Type.Object(
    {
      code: Type.String(),
      display: Type.Optional(Type.String()),
      system: Type.Optional(Type.String({ description: 'Where it differs from the `to` of the table.' })),
    },
    { additionalProperties: false },
  ),
]);

/** `code: AdministrativeSex`: an HL7 table to FHIR codes. */
export const codeSchema = Type.Object(
  {
    code: text('Name of the table, as rules write it.'),
    table: Type.Optional(text('The HL7 table, such as HL70001.')),
    to: Type.Optional(text('The FHIR code system.')),
    description,
    otherwise: Type.Union(
      [Type.Literal('keep'), Type.Literal('flag'), Type.Literal('skip'), Type.Literal('reject')],
      {
        description:
          'A code that is not in the table: keep the original, flag it (left out, with a warning), skip it (the next rule decides), or reject the message.',
      },
    ),
    codes: Type.Record(Type.String(), target),
  },
  { additionalProperties: false },
);

/** A code table as its file has it. */
export type CodeFile = Static<typeof codeSchema>;
/** A segment map as its file has it. */
export type SegmentFile = Static<typeof segmentSchema>;
/** A data-type map as its file has it. */
export type TypeFile = Static<typeof typeSchema>;
/** A message map as its file has it. */
export type MessageFile = Static<typeof messageSchema>;

/** The schemas by the key that a file of that kind begins with. */
export const mappingSchemas = {
  map: segmentSchema,
  type: typeSchema,
  message: messageSchema,
  code: codeSchema,
} as const;
