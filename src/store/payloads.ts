/** Sealed bytes, by what they belong to. */
import type { Queryable } from './database.ts';

/** Which payload: see the columns of `payload`. */
export interface PayloadKey {
  readonly message_id: number;
  readonly kind: 'message' | 'event' | 'delivery';
  /** 0 for a message, the event's number, the delivery's id. */
  readonly owner: number;
}

/** Reads payloads, in the order of the keys; undefined where there is none. Index: primary key of `payload`. */
export async function readPayloads(
  db: Queryable,
  keys: readonly PayloadKey[],
): Promise<(Buffer | undefined)[]> {
  if (keys.length === 0) return [];
  const { rows } = await db.query<{ sealed: Buffer | null }>({
    name: 'read-payloads',
    text: `select p.sealed from unnest($1::bigint[], $2::text[], $3::bigint[]) with ordinality as k (message_id, kind, owner, n)
           left join payload p on p.message_id = k.message_id and p.kind = k.kind and p.owner = k.owner and p.number = 0
           order by k.n`,
    values: [keys.map((key) => key.message_id), keys.map((key) => key.kind), keys.map((key) => key.owner)],
  });
  return rows.map((row) => row.sealed ?? undefined);
}
