/** Replay: a message goes through its channel again, by the configuration now in force. */
import { PipehatError } from '../errors.ts';
import type { Writer } from '../store/audit.ts';
import { reopenMessage } from '../store/messages.ts';

/**
 * Puts message `id` back into its lane; its next event and deliveries carry the same business identifiers, so that
 * receivers can tell a repetition. Gives the lane to wake. Throws `replay-not-possible` when the message is unknown,
 * was rejected at intake, or still waits.
 */
export async function replayMessage(
  writer: Writer,
  id: number,
  by: string,
): Promise<{ channel: string; lane: number }> {
  return writer.run(async (transaction) => {
    const lane = await reopenMessage(transaction, id);
    if (lane === undefined) throw new PipehatError('replay-not-possible', { id });
    transaction.audit('message', id, 'received again: replay', by);
    return lane;
  });
}
