/** `channels/*.yaml`: one channel each. What its file may say; `compile-channel.ts` makes it ready to run. */
import Type, { type Static, type TObject } from 'typebox';
import type { SourceDefinition } from '../component.ts';
import { CHARSET_NAMES, WIDE_SETS } from '../hl7/charset-names.ts';
import { MESSAGE_PATTERN, VERSIONS_PATTERN } from '../pipeline/accept.ts';
import { componentOptions, lanes, name } from './options.ts';

const expression = (description: string) => Type.String({ minLength: 1, description });

const strict = { additionalProperties: false };

const step = Type.Object(
  {
    filter: Type.Optional(expression('CEL condition: where it is false, the message is dropped.')),
    set: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Union([
          Type.String({ title: 'text' }),
          Type.Object({ cel: expression('CEL expression that gives a string.') }, strict),
        ]),
        { description: 'Puts a text, or what a CEL expression gives, into each HL7 path.', minProperties: 1 },
      ),
    ),
    transform: Type.Optional(
      Type.Union(
        [
          Type.String({ title: 'a mapping' }),
          Type.Object(
            {
              mapping: Type.String({ description: 'The mapping.' }),
              include: Type.Array(Type.String(), {
                description:
                  'Resource types that the mapping makes only where it is asked to, such as MessageHeader and Provenance.',
              }),
            },
            strict,
          ),
        ],
        { description: 'The mapping that makes the canonical event. At most one in a channel.' },
      ),
    ),
  },
  { ...strict, minProperties: 1, maxProperties: 1 },
);

const route = Type.Object(
  {
    when: Type.Optional(expression('CEL condition. Without one, every message goes there.')),
    to: Type.String({ description: 'Name of a system.' }),
    write: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        description: 'FHIR resource types to write there. Without it, all that the event holds.',
      }),
    ),
  },
  strict,
);

const ack = Type.Object(
  {
    when: Type.Enum(['stored', 'processed', 'delivered'], {
      default: 'stored',
      description:
        'How far a message must have come to be answered AA: stored for good, processed by this channel, or acknowledged by every system that it is routed to.',
    }),
    timeout_ms: Type.Integer({
      minimum: 1,
      maximum: 600_000,
      default: 20_000,
      description:
        'How long an answer may wait until the message is processed or delivered. Then it is AE, never AA; the message goes its way, and a resend of it waits again.',
    }),
    mode: Type.Enum(['auto', 'original', 'enhanced'], {
      default: 'auto',
      description:
        'One answer (original), or CA at once and AA later (enhanced), as MSH-15 and MSH-16 ask. auto = enhanced for messages that fill one of them.',
    }),
    application_to: Type.Optional(
      Type.String({
        description:
          'System that gets the application ACKs of enhanced mode, as deliveries of its own. Without it they go back over the connection on which the message came.',
      }),
    ),
    only_aa: Type.Boolean({
      default: false,
      description:
        'For senders that read no answer but AA. What is refused is kept as rejected and answered AA; what can not be stored gets no answer, and the connection is closed.',
    }),
  },
  { ...strict, default: {}, description: 'What its senders are answered, and when.' },
);

const test = Type.Object(
  {
    in: Type.String({ description: 'File with one HL7 message, relative to the folder of the site.' }),
    expect: Type.Object(
      {
        filtered: Type.Optional(Type.Literal(true, { description: 'A filter drops it.' })),
        error: Type.Optional(Type.String({ description: 'It fails, or is refused, with this error code.' })),
        at: Type.Optional(Type.String({ description: 'The HL7 path of the error.' })),
      },
      {
        additionalProperties: Type.Union([Type.String({ title: 'a file' }), Type.Literal(false)]),
        minProperties: 1,
        description:
          'What each named system gets: a file with the expected output, or false for nothing. Systems that are not named are not looked at.',
      },
    ),
  },
  strict,
);

const common = {
  channel: name('Name of the channel.'),
  description: Type.String({ description: 'What it is for, in a sentence.' }),
  accept: Type.Object(
    {
      messages: Type.Array(Type.String({ pattern: MESSAGE_PATTERN }), {
        minItems: 1,
        description: 'Message types, such as ADT^A01, or ADT^* for all events. Others are answered AR.',
      }),
      versions: Type.String({
        pattern: VERSIONS_PATTERN,
        default: '2.1 - 2.9',
        description: 'HL7 versions, such as "2.5.1" or "2.3 - 2.8". Others are answered AR.',
      }),
      charset: Type.Optional(
        Type.Array(Type.Enum(CHARSET_NAMES.filter((set) => !WIDE_SETS.includes(set))), {
          minItems: 1,
          description:
            'Character set of messages whose MSH-18 is empty; the sets after the first are reached by ISO 2022 escapes. Without it, valid UTF-8 is read as that, with a warning.',
        }),
      ),
      validate: Type.Enum(['off', 'warn', 'reject'], {
        default: 'off',
        description:
          'What messages are checked against the HL7 version they name, and the profile: off = nothing; warn = what was found is kept with the message; reject = a message with errors is answered AE.',
      }),
      profile: Type.Optional(
        Type.String({ description: 'Name of a profile: what the sender promised beyond the standard.' }),
      ),
    },
    { ...strict, description: 'What it takes. Everything else is refused, with the reason.' },
  ),
  ack,
  order: Type.Enum(['patient', 'visit', 'order', 'channel', 'none'], {
    default: 'patient',
    description: 'Messages with the same patient (visit, order number) keep their order.',
  }),
  lanes: lanes('its messages'),
  time_zone: Type.Optional(
    Type.String({
      description:
        'IANA zone of times that come without an offset, such as Europe/Berlin. Default: that of the site. A time that its clocks skipped is an error; of one that they showed twice, the first is meant.',
    }),
  ),
  offset_from: Type.Enum(['zone', 'message'], {
    default: 'zone',
    description:
      'What times without an offset go by. zone: time_zone. message: the offset of MSH-7 where it has one, as HL7 allows, which is an hour off for times on the other side of a change of clocks.',
  }),
  lift_from_bytes: Type.Integer({
    minimum: 1024,
    maximum: 2_147_483_647,
    default: 65_536,
    description:
      'A field (or a repetition or component of one) that is longer is kept apart from its message, once for all messages that bring it, and put back on the way out. Conditions see a reference in place of base64.',
  }),
  steps: Type.Array(step, { default: [], description: 'What happens to each message, one after another.' }),
  route: Type.Array(route, {
    minItems: 1,
    description: 'Where it goes. Each route is looked at: a message goes everywhere its conditions allow.',
  }),
  tests: Type.Array(test, {
    default: [],
    description: 'What must come of sample messages. A change that breaks one does not go live.',
  }),
};

const commonSchema = Type.Object(common);

/** What a channel file says once its shape is right. */
export type ChannelFile = Static<typeof commonSchema> & {
  readonly source: Record<string, Record<string, unknown>>;
};

/** Options of a channel file. */
export function channelSchema(sources: readonly SourceDefinition[]): TObject {
  const source = Type.Object(componentOptions(sources), {
    ...strict,
    minProperties: 1,
    maxProperties: 1,
    description: 'Where its messages come in.',
  });
  const { channel, description, ...rest } = common;
  return Type.Object({ channel, description, source, ...rest }, { ...strict, title: 'channels/*.yaml' });
}

/** One test of a channel file. */
export interface ChannelTest {
  readonly channel: string;
  /** File of one HL7 message, relative to the site's folder. */
  readonly in: string;
  readonly expect: Expectation;
}

/** What should come of it. */
export type Expectation =
  | { readonly kind: 'filtered' }
  | { readonly kind: 'error'; readonly code: string; readonly at: string | undefined }
  /** By system: the file with the expected output, or false where nothing should arrive. */
  | { readonly kind: 'outputs'; readonly outputs: Readonly<Record<string, string | false>> };
