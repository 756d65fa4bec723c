/** HL7 v2 messages to another system, over MLLP. A delivery is settled by the ACK that names its control id. */
import Type, { type Static } from 'typebox';
import { type Attempt, type Delivery, defineDestination } from '../component.ts';
import { PipehatError } from '../errors.ts';
import { type Ack, type AckCode, readAck } from '../hl7/ack.ts';
import { encodeMessage } from '../hl7/encode.ts';
import { headerBytes, readHeader } from '../hl7/header.ts';
import { readable } from '../hl7/readable.ts';
import { probe } from '../mllp/client.ts';
import { createMllpPool, type MllpPool } from '../mllp/pool.ts';
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
    on_ae: Type.Union([Type.Literal('reject'), Type.Literal('retry')], {
      default: 'reject',
      description:
        'What AE and CE mean: reject = the message must be mended first, retry = the receiver may take it later.',
    }),
  },
  { additionalProperties: false },
);

type Options = Static<typeof options>;

/** The destination `mllp`. */
export const mllp = defineDestination({
  type: 'mllp',
  summary: 'Sends HL7 v2 messages over MLLP, and understands the ACK.',
  options,
  takes: () => 'hl7',
  create(chosen, { log }) {
    const pool = createMllpPool({ ...chosen, log });
    return {
      deliver: (delivery) => deliver(delivery, chosen, pool),
      ping: () => probe(chosen),
      stop: (deadline_ms) => pool.close(deadline_ms),
    };
  },
});

/**
 * What MSA-1 means (HL7 table 0008; §2.9.2). AR and CR: not supported, or not for this receiver, whatever the content.
 * AE and CE: an error in the content, or in the receiver just now; no code tells which, so `on_ae` does.
 */
const MEANING: Readonly<Record<AckCode, 'accepted' | 'error' | 'refused'>> = {
  AA: 'accepted',
  CA: 'accepted',
  AE: 'error',
  CE: 'error',
  AR: 'refused',
  CR: 'refused',
};

async function deliver({ body }: Delivery, chosen: Options, pool: MllpPool): Promise<Attempt> {
  if (body.kind !== 'hl7') throw new TypeError('the destination mllp takes HL7');
  let request = body.text;
  let response = '';
  try {
    const { bytes, text, says } = encodeMessage(body.text, chosen);
    request = text;
    const header = readHeader(bytes);
    const control_id = headerBytes(header, header.control_id).toString('latin1');
    const code = await pool.send(bytes, (answer) => {
      response = readable(answer, header.charset);
      return codeOf(answer, control_id, chosen);
    });
    return { ...(says && { says }), ...judge(code, chosen), request, response };
  } catch (error) {
    if (!(error instanceof PipehatError)) throw error;
    return { ...failure(error), request, response };
  }
}

/** MSA-1, if this is the ACK of the message `control_id`. What it throws closes the connection. */
function codeOf(answer: Buffer, control_id: string, { host, port }: Options): AckCode {
  const ack = readAckOf(answer);
  if (ack === undefined || !isAckCode(ack.code)) {
    throw new PipehatError('mllp-unreadable-answer', { host, port });
  }
  if (ack.control_id !== control_id) throw new PipehatError('mllp-wrong-answer', { host, port });
  return ack.code;
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
  return Object.hasOwn(MEANING, code);
}

function judge(code: AckCode, { host, port, on_ae }: Options): Pick<Attempt, 'outcome' | 'status'> {
  const meaning = MEANING[code];
  if (meaning === 'accepted') return { outcome: 'accepted', status: code };
  const again = meaning === 'error' && on_ae === 'retry';
  const error = new PipehatError(again ? 'mllp-refused-for-now' : 'mllp-refused', { host, port, code });
  return { ...failure(error), status: code };
}

function failure(error: PipehatError): Pick<Attempt, 'outcome' | 'code' | 'says'> {
  return { outcome: error.class, code: error.code, says: error.message };
}
