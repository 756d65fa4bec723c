/** The bytes of a message exactly as they were received, with the attachments in their places. */
import { createHash } from 'node:crypto';
import { PipehatError } from '../errors.ts';
import { putBack, type Whole } from '../hl7/put-back.ts';
import type { Keyring } from '../security/keys.ts';
import type { Pool } from '../store/database.ts';
import { readFingerprint } from '../store/messages.ts';
import { readPayloads } from '../store/payloads.ts';
import { attachmentsOf } from './attachments.ts';

/**
 * Message `id` as received; undefined when there is none. Reading ends with `payload-damaged` unless the SHA-256 is that of
 * the day when it came.
 */
export async function originalOf(pool: Pool, keyring: Keyring, id: number): Promise<Whole | undefined> {
  const sha256 = await readFingerprint(pool, id);
  if (sha256 === undefined) return undefined;
  const [sealed] = await readPayloads(pool, [{ message_id: id, kind: 'message', owner: 0 }]);
  const attachments = (await attachmentsOf({ pool, keyring }, [id])).get(id) ?? [];
  const stored = keyring.open('message', sealed ?? Buffer.alloc(0));
  const whole = putBack(stored, attachments);
  return {
    size: whole.size,
    async *read() {
      const hash = createHash('sha256');
      for await (const piece of whole.read()) {
        hash.update(piece);
        yield piece;
      }
      if (!hash.digest().equals(sha256)) throw new PipehatError('payload-damaged', { purpose: 'message' });
    },
  };
}
