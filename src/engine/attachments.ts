/** Attachments of stored messages: what was lifted out of them at intake (see `lifting.ts`), to be put back. */
import type { Attachment } from '../component.ts';
import { PipehatError } from '../errors.ts';
import { referenceTo } from '../hl7/lift.ts';
import type { Keyring } from '../security/keys.ts';
import type { Purpose } from '../security/seal.ts';
import { type LiftedPart, readChunk, readLifted } from '../store/attachments.ts';
import { asStoreError, type Queryable } from '../store/database.ts';

/** Bytes of a chunk; the last one of a content may be shorter. */
export const CHUNK_BYTES = 256 * 1024;

/** What a chunk is sealed as: it opens in its own place only. */
export function chunkPurpose(id: Buffer, number: number): Purpose {
  return `attachment ${id.toString('hex')} ${number}`;
}

/** The attachments of each of `messages`; none for those that have none. Their contents are read when they are asked for. */
export async function attachmentsOf(
  store: { readonly pool: Queryable; readonly keyring: Keyring },
  messages: readonly number[],
): Promise<ReadonlyMap<number, readonly Attachment[]>> {
  const lifted = await readLifted(store.pool, messages);
  return new Map(
    Array.from(lifted, ([id, parts]) => [id, parts.map((part) => attachmentOf(store, part))] as const),
  );
}

function attachmentOf(
  { pool, keyring }: { readonly pool: Queryable; readonly keyring: Keyring },
  { id, size, base64 }: LiftedPart,
): Attachment {
  return {
    reference: referenceTo(id, size),
    size,
    base64,
    async *read() {
      let left = size;
      for (let number = 0; left > 0; number++) {
        const purpose = chunkPurpose(id, number);
        const sealed = await readChunk(pool, id, number).catch((error) => {
          throw asStoreError(error);
        });
        if (sealed === undefined) throw new PipehatError('payload-damaged', { purpose });
        const chunk = keyring.open(purpose, sealed);
        left -= chunk.length;
        yield chunk;
      }
    },
  };
}
