/** `profiles/*.yaml`: what a sender promised. What its file may say; `compile-profile.ts` makes it ready to run. */
import Type, { type Static } from 'typebox';
import { name } from './options.ts';

const strict = { additionalProperties: false };

const field = Type.Object(
  {
    required: Type.Optional(Type.Literal(true, { description: 'It must have a value.' })),
    when: Type.Optional(
      Type.String({ minLength: 1, description: 'CEL condition: the line holds for these messages only.' }),
    ),
    codes: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        description: 'The only values allowed, in place of the HL7 table there. Digits need quotes.',
      }),
    ),
    system: Type.Optional(
      Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1 })], {
        description:
          'The coding system, or several, that a code of type CE, CWE or CNE must name, such as LN.',
      }),
    ),
    max_length: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'The most characters a value may have.' }),
    ),
    pattern: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description: 'Regular expression that the whole value must match, such as V[0-9]+.',
      }),
    ),
  },
  { ...strict, minProperties: 1 },
);

/** Options of a profile file. */
export const profileSchema = Type.Object(
  {
    profile: name('Name of the profile, as channels give it.'),
    description: Type.String({ description: 'Whose promise it is, in a sentence.' }),
    extends: Type.Optional(
      Type.String({ description: 'Name of a profile that holds too. What both say, this one says.' }),
    ),
    segments: Type.Record(Type.String(), Type.Enum(['required', 'allowed', 'forbidden']), {
      default: {},
      description:
        'Segments that must be there, may be there although the structure of the message has none, or must not.',
    }),
    fields: Type.Record(Type.String(), field, {
      default: {},
      description:
        'What each HL7 path must hold, in every segment of the name and every repetition unless the path says which. A field with components means the first.',
    }),
    off: Type.Array(Type.String(), {
      default: [],
      description:
        'Rules of the standard that do not hold for this sender, everywhere or at a place: "too-long", "not-in-table PV1-18".',
    }),
  },
  { ...strict, title: 'profiles/*.yaml' },
);

/** What a profile file says once its shape is right. */
export type ProfileFile = Static<typeof profileSchema>;

/** What it says of one path. */
export type ProfileField = Static<typeof field>;
