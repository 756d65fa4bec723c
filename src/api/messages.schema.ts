/** Messages, as `/v1/messages` lists them and a trace tells their life. Facts of MSH only, unless bodies are asked for. */
import Type, { type Static } from 'typebox';

const Time = Type.String({ format: 'date-time' });
const id = { pattern: '^[0-9A-Za-z-]{1,64}$' };
const Id = Type.String(id);

export const MessageId = Type.Object({ id: Id }, { additionalProperties: false });

/** Which messages to list; all that is given must hold. Newest first. */
export const MessageFilter = Type.Object(
  {
    channel: Type.Optional(Type.String({ maxLength: 100 })),
    state: Type.Optional(
      Type.String({ maxLength: 40, description: 'State of the message, such as `processed`.' }),
    ),
    type: Type.Optional(Type.String({ maxLength: 40, description: 'MSH-9 as `ADT^A01`.' })),
    control_id: Type.Optional(Type.String({ maxLength: 200, description: 'MSH-10.' })),
    patient: Type.Optional(
      Type.String({ maxLength: 200, description: 'A patient number. It is hashed before the search.' }),
    ),
    since: Type.Optional(Type.String({ format: 'date-time', description: 'Received at or after.' })),
    until: Type.Optional(Type.String({ format: 'date-time', description: 'Received before.' })),
    before: Type.Optional(Type.String({ ...id, description: 'Id of the last message of the page before.' })),
    limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }),
  },
  { additionalProperties: false },
);
export type MessageFilter = Static<typeof MessageFilter>;

/** One line of the list. */
export const MessageSummary = Type.Object({
  id: Id,
  received_at: Time,
  channel: Type.String(),
  type: Type.Optional(Type.String({ description: 'MSH-9 as `ADT^A01`; absent when it could not be read.' })),
  control_id: Type.Optional(Type.String()),
  version: Type.Optional(Type.String()),
  sender: Type.Optional(Type.String({ description: '`application@facility` of MSH-3 and MSH-4.' })),
  state: Type.String(),
  error: Type.Optional(Type.String({ description: 'Code of the error.' })),
  deliveries: Type.Record(Type.String(), Type.Integer(), { description: 'Number of deliveries by state.' }),
});
export type MessageSummary = Static<typeof MessageSummary>;

export const MessageList = Type.Object({ messages: Type.Array(MessageSummary) });

/** What went wrong: a row of `docs/errors.md`, filled in. */
export const TraceError = Type.Object({
  code: Type.String(),
  says: Type.String(),
  advice: Type.String(),
  at: Type.Optional(Type.String({ description: 'Place: an HL7 path, or `file:line:column`.' })),
});

/** One attempt. `request` and `response` are there only when bodies were asked for. */
export const TraceAttempt = Type.Object({
  attempt: Type.Integer({ minimum: 1 }),
  started_at: Time,
  ended_at: Time,
  outcome: Type.String({ description: '`accepted`, or the class of the error.' }),
  code: Type.Optional(Type.String()),
  status: Type.Optional(Type.String({ description: "The receiver's own word, such as `201` or `AA`." })),
  says: Type.Optional(Type.String()),
  request: Type.Optional(Type.String()),
  response: Type.Optional(Type.String()),
});

export const TraceDelivery = Type.Object({
  id: Type.String(),
  destination: Type.String(),
  state: Type.String(),
  created_at: Time,
  replay_of: Type.Optional(Type.String({ description: 'Id of the delivery that this one repeats.' })),
  attempts: Type.Array(TraceAttempt),
});
export type TraceDelivery = Static<typeof TraceDelivery>;

/** The whole life of one message. */
export const Trace = Type.Object({
  id: Id,
  channel: Type.String(),
  state: Type.String(),
  received_at: Time,
  connection: Type.Object({
    protocol: Type.String(),
    local: Type.String(),
    remote: Type.String(),
    connection: Type.Integer(),
  }),
  sha256: Type.String({ description: 'Of the bytes as received, hex.' }),
  size_bytes: Type.Integer(),
  type: Type.Optional(Type.String()),
  control_id: Type.Optional(Type.String()),
  version: Type.Optional(Type.String()),
  sender: Type.Optional(Type.String()),
  ack: Type.Optional(Type.String({ description: 'MSA-1 of what the sender was told at once.' })),
  application_ack: Type.Optional(
    Type.Object(
      {
        code: Type.Optional(Type.String({ description: 'MSA-1.' })),
        error: Type.Optional(Type.String({ description: 'Code of the error that it names.' })),
        at: Type.Optional(Time),
        way: Type.Optional(
          Type.String({
            description:
              '`connection`: over that of the message; `lost`: that was gone; `due`: waits to go to a system; `delivery`: went there.',
          }),
        ),
        delivery: Type.Optional(Type.String({ description: 'Id of that delivery.' })),
      },
      {
        description: 'What the sender was told once the message had gone further than into the store.',
      },
    ),
  ),
  warning: Type.Optional(Type.String({ description: 'What was odd about it although it was taken.' })),
  findings: Type.Optional(
    Type.Array(
      Type.Object({
        severity: Type.String({ description: '`error` or `warning`.' }),
        rule: Type.String({ description: 'Such as `field-required`: see docs/validation.md.' }),
        path: Type.String({ description: 'The place, as an HL7 path.' }),
        condition: Type.String({ description: 'Code of HL7 table 0357.' }),
        says: Type.String(),
      }),
      { description: 'What validation found.' },
    ),
  ),
  more_findings: Type.Optional(Type.Integer({ description: 'How many findings there were beyond those.' })),
  body: Type.Optional(
    Type.String({
      description: 'The message as received, when bodies were asked for; attachments as references.',
    }),
  ),
  attachments: Type.Optional(
    Type.Array(
      Type.Object({
        reference: Type.String({ description: 'What stands in its place in all bodies.' }),
        size_bytes: Type.Integer(),
      }),
      { description: 'Large parts that are kept apart from the message.' },
    ),
  ),
  processed_at: Type.Optional(Time),
  config: Type.Optional(Type.String({ description: 'Content hash of the configuration that processed it.' })),
  error: Type.Optional(TraceError),
  events: Type.Array(
    Type.Object({
      id: Type.String(),
      type: Type.String({ description: 'Such as `encounter.admitted`.' }),
      action: Type.String(),
      created_at: Time,
      resources: Type.Array(Type.String(), { description: 'As `Type/id`.' }),
      time_zone: Type.Optional(
        Type.String({ description: 'The zone that was taken for times without an offset.' }),
      ),
    }),
  ),
  deliveries: Type.Array(TraceDelivery),
  audit: Type.Array(
    Type.Object({
      at: Time,
      action: Type.String(),
      by: Type.String(),
      says: Type.Optional(Type.String()),
    }),
  ),
});
export type Trace = Static<typeof Trace>;

export const TraceQuery = Type.Object(
  {
    bodies: Type.Boolean({
      default: false,
      description:
        'Also give the texts of message, requests and responses. They hold PHI; asking is audited.',
    }),
  },
  { additionalProperties: false },
);

/** A message as it came. */
export const Bytes = Type.Unsafe<unknown>({ type: 'string', format: 'binary' });

export const Replay = Type.Object({
  id: Id,
  channel: Type.String({ description: 'The channel whose lane the message waits in again.' }),
});
export type Replay = Static<typeof Replay>;
