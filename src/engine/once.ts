/**
 * The same message twice is one message: a resend (same channel, sender and control id, same content) gives what the
 * store has of the first one, and is not stored again.
 */
import type { Writer } from '../store/audit.ts';
import { findReceipts, type NewMessage, storeMessages, takeMessageIds } from '../store/messages.ts';

/** What became of a message in the store: its own id, or that of the first one when it was a resend. */
export interface Stored {
  readonly id: number;
  readonly received_at: Date;
  readonly duplicate: boolean;
}

/** SQLSTATE of a unique violation: another process stored the same message since we looked. */
const UNIQUE_VIOLATION = '23505';

/** Stores messages once; a message that is in the store already, or earlier in this list, gives the first one. */
export async function storeOnce(writer: Writer, messages: readonly NewMessage[]): Promise<Stored[]> {
  try {
    return await storeFresh(writer, messages);
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
    return storeFresh(writer, messages);
  }
}

function storeFresh(writer: Writer, messages: readonly NewMessage[]): Promise<Stored[]> {
  return writer.run(async (transaction) => {
    const controls = messages.flatMap((message) => message.receipt?.control ?? []);
    const [receipts, ids] = await Promise.all([
      findReceipts(transaction, controls),
      takeMessageIds(transaction, messages.length),
    ]);
    const known = new Map<string, Stored>();
    const seenControls = new Set<string>();
    for (const receipt of receipts) {
      known.set(receiptKey(receipt), { ...receipt, id: receipt.message_id, duplicate: true });
      seenControls.add(receipt.control.toString('hex'));
    }
    const fresh: NewMessage[] = [];
    const firsts = new Map<string, number>();
    const places = messages.map((message) => {
      const key = message.receipt && receiptKey(message.receipt);
      if (key !== undefined && known.has(key)) return { known: known.get(key)! };
      if (key !== undefined && firsts.has(key)) return { fresh: firsts.get(key)!, duplicate: true };
      if (key !== undefined) firsts.set(key, fresh.length);
      fresh.push(withWarning(message, seenControls));
      return { fresh: fresh.length - 1, duplicate: false };
    });
    const stored = fresh.map((message, i) => ({ ...message, id: ids[i]! }));
    if (stored.length > 0) await storeMessages(transaction, stored);
    for (const { id, state } of stored) transaction.audit('message', id, state);
    return places.map((place) => {
      if (place.known !== undefined) return place.known;
      const { received_at } = fresh[place.fresh]!;
      return { id: ids[place.fresh]!, received_at, duplicate: place.duplicate };
    });
  });
}

function receiptKey(receipt: { control: Buffer; content: Buffer }): string {
  return `${receipt.control.toString('hex')}${receipt.content.toString('hex')}`;
}

const REUSED = 'control-id-reused';

/** The same control id with other content is a new message; a sender that does so by mistake should hear of it. */
function withWarning(message: NewMessage, seenControls: Set<string>): NewMessage {
  if (message.receipt === undefined) return message;
  const control = message.receipt.control.toString('hex');
  const seen = seenControls.has(control);
  seenControls.add(control);
  const warning = message.warning === undefined ? REUSED : `${message.warning}, ${REUSED}`;
  return seen ? { ...message, warning } : message;
}
