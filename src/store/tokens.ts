/** Tokens of the HTTP API. Only the SHA-256 of a token is kept: it has 256 random bits, so no salt or slow hash is needed. */
import type { Queryable } from './database.ts';

/** Whose token hashes to `hash`, or undefined. */
export async function findToken(db: Queryable, hash: Buffer): Promise<string | undefined> {
  const { rows } = await db.query<{ name: string }>({
    name: 'find-token',
    text: 'select name from token where hash = $1',
    values: [hash],
  });
  return rows[0]?.name;
}

/** Is there any token yet? */
export async function hasToken(db: Queryable): Promise<boolean> {
  const { rows } = await db.query({ text: 'select 1 from token limit 1' });
  return rows.length > 0;
}

/** Keeps a token's hash under the name of its owner. */
export async function addToken(db: Queryable, hash: Buffer, name: string): Promise<void> {
  await db.query({ text: 'insert into token (hash, name) values ($1, $2)', values: [hash, name] });
}
