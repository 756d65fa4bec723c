/** HL7 v2 messages to another system, over MLLP. A delivery is settled by the ACK that names its control id. */
import Type, { type Static } from 'typebox';
import { type Attempt, type Delivery, type DestinationContext, defineDestination } from '../component.ts';
import { PipehatError } from '../errors.ts';
import { type Ack, type AckCode, readAck } from '../hl7/ack.ts';
import { encodeMessage } from '../hl7/encode.ts';
import { headerBytes, readHeader } from '../hl7/header.ts';
import { gather, putBack } from '../hl7/put-back.ts';
import { readable } from '../hl7/readable.ts';
import { probe } from '../mllp/dial.ts';
import { createMllpPool, type MllpPool } from '../mllp/pool.ts';
import { createCredentials } from '../network/credentials.ts';
import { probe_after_ms, tlsOfClient } from '../network/options.ts';
import { textOptions } from './text-options.ts';

const options = Type.Object(
  {
    host: Type.String({ minLength: 1, description: 'Name or address of the receiver.' }),
    port: Type.Integer({ minimum: 1, maximum: 65535, description: 'TCP port of the receiver.' }),
    connections: Type.Integer({
      minimum: 1,
      default: 4,
      description: 'Connections kept open at most, each with one message under way.',
    }),
    connect_timeout_ms: Type.Integer({
      minimum: 1,
      default: 5000,
      description: 'How long to wait for a connection.',
    }),
    answer_timeout_ms: Type.Integer({
      minimum: 1,
      default: 30_000,
      description: 'How long to wait for the ACK, from the first byte sent. Then the delivery is ambiguous.',
    }),
    ...textOptions,
    answers: Type.Object(
      {
        AE: meaning('The receiver has an error in the content, or one of its own.'),
        AR: meaning('The receiver does not take it, whatever the content.'),
        CE: meaning('As AE, before the message was committed.'),
        CR: meaning('As AR, before the message was committed.'),
      },
      {
        default: {},
        additionalProperties: false,
        description:
          'What each code in MSA-1 means: reject = the message, or the receiver, must be mended first; retry = it may be taken later. AA and CA are accepted.',
      },
    ),
    wait_for: Type.Enum(['accept', 'application'], {
      default: 'accept',
      description:
        'When a message is delivered: accept = with the first answer, CA included (let MSH-16 be NE then); application = after CA the AA, AE or AR on the same connection is waited for too.',
    }),
    keep_alive_ms: Type.Integer({
      minimum: 0,
      maximum: 86_400_000,
      default: 0,
      description:
        'How often a connection without a message gets a CR, which receivers pass by, so that firewalls keep it open. 0 = never.',
    }),
    idle_timeout_ms: Type.Integer({
      minimum: 0,
      maximum: 86_400_000,
      default: 0,
      description:
        'A connection without a message for so long is closed, and opened again for the next. Give less than the receiver waits, if it closes idle ones. 0 = never.',
    }),
    probe_after_ms,
    tls: tlsOfClient,
  },
  { additionalProperties: false },
);

function meaning(description: string) {
  return Type.Enum(['reject', 'retry'], { default: 'reject', description });
}

type Options = Static<typeof options>;

/** The destination `mllp`. */
export const mllp = defineDestination({
  type: 'mllp',
  summary: 'Sends HL7 v2 messages over MLLP, and understands the ACK.',
  options,
  takes: () => 'hl7',
  create(chosen, context) {
    const { credentials, tls } = tlsOf(chosen, context);
    const receiver = { ...chosen, tls };
    const pool = createMllpPool({ ...receiver, log: context.log, random: Math.random });
    credentials?.start(() => undefined);
    return {
      deliver: (delivery) => deliver(delivery, chosen, pool),
      ping: () => probe(receiver),
      async stop(deadline_ms) {
        credentials?.stop();
        await pool.close(deadline_ms);
      },
    };
  },
});

/** Certificates as they are when a connection is opened. */
function tlsOf({ tls }: Options, { certificate, reread, log }: DestinationContext) {
  if (tls === undefined) return { credentials: undefined, tls: undefined };
  const read = () => (reread() as Options).tls ?? tls;
  const credentials = createCredentials(tls, { certificate, read, log });
  return { credentials, tls: { current: () => credentials.current, servername: tls.servername } };
}

async function deliver({ body, attachments }: Delivery, chosen: Options, pool: MllpPool): Promise<Attempt> {
  if (body.kind !== 'hl7') throw new TypeError('the destination mllp takes HL7');
  let request = body.text;
  let response = '';
  try {
    const { bytes: encoded, text, says } = encodeMessage(body.text, chosen);
    request = text;
    const header = readHeader(encoded);
    const control_id = headerBytes(header, header.control_id).toString('latin1');
    const bytes = attachments.length === 0 ? encoded : await gather(putBack(encoded, attachments));
    const code = await pool.send(bytes, (answer) => {
      response += readable(answer, header.charset);
      return codeOf(answer, control_id, chosen);
    });
    return { ...(says && { says }), ...judge(code, chosen), request, response };
  } catch (error) {
    if (!(error instanceof PipehatError)) throw error;
    return { ...failure(error), request, response };
  }
}

/**
 * MSA-1, if this is an ACK of the message `control_id`; undefined where it is CA and the application's is waited for. What it
 * throws closes the connection.
 */
function codeOf(answer: Buffer, control_id: string, { host, port, wait_for }: Options): AckCode | undefined {
  const ack = readAckOf(answer);
  if (ack === undefined || !isAckCode(ack.code)) {
    throw new PipehatError('mllp-unreadable-answer', { host, port });
  }
  if (ack.control_id !== control_id) throw new PipehatError('mllp-wrong-answer', { host, port });
  return ack.code === 'CA' && wait_for === 'application' ? undefined : ack.code;
}

function readAckOf(answer: Buffer): Ack | undefined {
  try {
    // As the header of the message: Latin-1 keeps bytes apart, so equal control ids have equal text.
    return readAck(answer.toString('latin1'));
  } catch (error) {
    if (error instanceof PipehatError) return undefined;
    throw error;
  }
}

function isAckCode(code: string): code is AckCode {
  return ['AA', 'CA', 'AE', 'AR', 'CE', 'CR'].includes(code);
}

function judge(code: AckCode, { host, port, answers }: Options): Pick<Attempt, 'outcome' | 'status'> {
  if (code === 'AA' || code === 'CA') return { outcome: 'accepted', status: code };
  const again = answers[code] === 'retry';
  const error = new PipehatError(again ? 'mllp-refused-for-now' : 'mllp-refused', { host, port, code });
  return { ...failure(error), status: code };
}

function failure(error: PipehatError): Pick<Attempt, 'outcome' | 'code' | 'says'> {
  return { outcome: error.class, code: error.code, says: error.message };
}
