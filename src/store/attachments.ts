/** Large parts of messages: content by its keyed hash, in sealed chunks, and which message has which. */
import { asStoreError, type Pool, type Queryable } from './database.ts';

/** A part of a message that is kept as an attachment. */
export interface LiftedPart {
  /** Keyed hash of the content. */
  readonly id: Buffer;
  /** Bytes of the content. */
  readonly size: number;
  readonly base64: boolean;
}

/**
 * Keeps a content once. `chunks` gives its sealed chunks, and is asked for them only where the content is not there yet.
 * In a transaction of its own: until a message is committed that names it, it is nothing but unused.
 */
export async function keepAttachment(
  pool: Pool,
  { id, size }: Pick<LiftedPart, 'id' | 'size'>,
  at: Date,
  chunks: () => AsyncIterable<Buffer>,
): Promise<void> {
  const client = await pool.connect().catch((error) => {
    throw asStoreError(error);
  });
  try {
    await client.query('begin');
    // An updated row has an xmax. Whoever brings the same content at the same time waits here for the first.
    const { rows } = await client.query<{ fresh: boolean }>({
      name: 'keep-attachment',
      text: `insert into attachment (id, size, used_at) values ($1, $2, $3)
             on conflict (id) do update set used_at = excluded.used_at returning xmax = 0 as fresh`,
      values: [id, size, at],
    });
    let number = 0;
    if (rows[0]?.fresh) {
      for await (const sealed of chunks()) {
        await client.query({
          name: 'insert-chunk',
          text: 'insert into attachment_chunk (attachment_id, number, sealed) values ($1, $2, $3)',
          values: [id, number++, sealed],
        });
      }
    }
    await client.query('commit');
    client.release();
  } catch (error) {
    const lost = await client.query('rollback').then(
      () => undefined,
      (reason: Error) => reason,
    );
    client.release(lost);
    throw asStoreError(error);
  }
}

/** One sealed chunk; undefined where there is none. Index: primary key of `attachment_chunk`. */
export async function readChunk(db: Queryable, id: Buffer, number: number): Promise<Buffer | undefined> {
  // As base64: `pg` reads bytes as text, and in hex that would be half as long again.
  const { rows } = await db.query<{ sealed: string }>({
    name: 'read-chunk',
    text: `select encode(sealed, 'base64') as sealed from attachment_chunk where attachment_id = $1 and number = $2`,
    values: [id, number],
  });
  return rows[0] && Buffer.from(rows[0].sealed, 'base64');
}

/** Notes which message has which attachments. Fails where one of them is gone (23503). */
export async function storeLifted(
  transaction: Queryable,
  messages: readonly { readonly id: number; readonly lifted: readonly LiftedPart[] }[],
): Promise<void> {
  const rows = messages.flatMap(({ id, lifted }) => lifted.map((part) => ({ ...part, message_id: id })));
  if (rows.length === 0) return;
  await transaction.query({
    name: 'insert-lifted',
    text: `insert into message_attachment (message_id, attachment_id, size, base64)
           select * from unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::boolean[])`,
    values: [
      rows.map((row) => row.message_id),
      rows.map((row) => row.id),
      rows.map((row) => row.size),
      rows.map((row) => row.base64),
    ],
  });
}

/** The attachments of messages, by message. Index: primary key of `message_attachment`. */
export async function readLifted(
  db: Queryable,
  messages: readonly number[],
): Promise<ReadonlyMap<number, readonly LiftedPart[]>> {
  const found = new Map<number, LiftedPart[]>();
  if (messages.length === 0) return found;
  const { rows } = await db.query<LiftedPart & { message_id: number }>({
    name: 'read-lifted',
    text: `select message_id, attachment_id as id, size, base64 from message_attachment
           where message_id = any($1::bigint[]) order by message_id, attachment_id`,
    values: [messages],
  });
  for (const { message_id, ...part } of rows) found.set(message_id, [...(found.get(message_id) ?? []), part]);
  return found;
}

/**
 * Removes contents that no message has, unless one brought them since `used_before`: its message may be about to be
 * committed. Gives how many. Index: message_attachment_of.
 */
export async function dropUnusedAttachments(db: Queryable, used_before: Date): Promise<number> {
  const { rowCount } = await db.query({
    text: `delete from attachment a where a.used_at < $1
           and not exists (select from message_attachment m where m.attachment_id = a.id)`,
    values: [used_before],
  });
  return rowCount ?? 0;
}
