/**
 * Acknowledgements that come in: a sender that acknowledges an application acknowledgement of ours, though it says that none
 * is wanted. They are noted and never answered: an answer to an answer would have no end.
 */

import { PipehatError } from '../errors.ts';
import { type Ack, readAck } from '../hl7/ack.ts';
import type { Log } from '../log.ts';
import type { Channel } from '../pipeline/channel.ts';
import { wasAnswered } from '../store/acknowledgements.ts';
import { auditAct, type Writer } from '../store/audit.ts';
import { asStoreError, type Pool } from '../store/database.ts';
import { messageOfApplicationAnswer } from './answer.ts';

/** True when the message acknowledges one of ours, and is thereby settled. Never rejects. */
export type Acknowledged = (channel: Channel, bytes: Uint8Array) => Promise<boolean>;

/** Finds and notes them. */
export function createAcknowledged(options: { pool: Pool; writer: Writer; log: Log }): Acknowledged {
  const { pool, writer, log } = options;
  return async (channel, bytes) => {
    const ack = readIfAck(bytes);
    const id = ack && messageOfApplicationAnswer(ack.control_id);
    if (id === undefined) return false;
    try {
      if (!(await wasAnswered(pool, channel.name, id))) return false;
      const said = /^[AC][AER]$/.test(ack!.code) ? ack!.code : 'something else';
      await auditAct(writer, 'message', id, `the sender acknowledged the answer: ${said}`);
    } catch (error) {
      // The note is lost, and nothing else.
      const reason = (asStoreError(error) as Error).message;
      log.warn('acknowledgement of an application ACK not written down', { message_id: id, reason });
    }
    return true;
  };
}

function readIfAck(bytes: Uint8Array): Ack | undefined {
  try {
    return readAck(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'));
  } catch (error) {
    if (error instanceof PipehatError) return undefined;
    throw error;
  }
}
