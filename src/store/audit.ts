/**
 * The audit chain. Every change of state and every administrative act is an entry; the entries of one transaction
 * make one link; each link's hash covers the link before it. Writers don't wait for each other: each has a chain of
 * its own, and anchors join them (design §8).
 */
import { asStoreError, type Client, type Pool, type Queryable } from './database.ts';

/** What happened: kind of thing, its id, what became of it, and by whom where a person did it. No PHI. */
export type AuditEntry = readonly [kind: string, id: number | string, what: string, by?: string];

/** A transaction under way. */
export interface Transaction extends Queryable {
  /** Adds an entry to this transaction's link. */
  audit(...entry: AuditEntry): void;
}

/** Runs transactions one after another, each with its link in the writer's chain. */
export interface Writer {
  run<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
}

/** A link or anchor of the chain, as `verify` reports it broken. */
export interface BrokenLink {
  readonly chain: string;
  readonly number: number;
  readonly says: string;
}

export type Sign = (text: string) => Buffer;

interface Head {
  readonly number: number;
  readonly hash: string;
}

const GENESIS: Head = { number: 0, hash: '' };

/** The text that a link's hash covers. */
function linkText(before: string, chain: string, number: number, at: string, entries: string): string {
  return JSON.stringify([before, chain, number, at, entries]);
}

/** Creates a writer with a chain of its own. `chain` must be new: process start and role, for one. */
export function createWriter(options: { pool: Pool; chain: string; sign: Sign; now: () => Date }): Writer {
  const { pool, chain, sign, now } = options;
  let last: Promise<unknown> = Promise.resolve();
  // Undefined after a commit that brought no answer: then the database knows whether the link is there.
  let head: Head | undefined = GENESIS;

  async function once<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const client = await pool.connect().catch((error) => {
      throw asStoreError(error);
    });
    const entries: AuditEntry[] = [];
    try {
      // Statements that don't wait for each other's answers go out together (see `pipeline` in database.ts).
      const [, result] = await Promise.all([
        client.query('begin'),
        work({ query: (query) => client.query(query), audit: (...entry) => entries.push(entry) }),
      ]);
      const before = head ?? (await readHead(client, chain));
      head = undefined;
      const [next] = await Promise.all([append(client, before, entries), client.query('commit')]);
      head = next;
      client.release();
      return result;
    } catch (error) {
      await abandon(client);
      throw asStoreError(error);
    }
  }

  /** Adds the link; nothing where nothing happened. */
  async function append(client: Client, before: Head, entries: readonly AuditEntry[]): Promise<Head> {
    if (entries.length === 0) return before;
    const number = before.number + 1;
    const at = now();
    const text = JSON.stringify(entries);
    const hash = sign(linkText(before.hash, chain, number, at.toISOString(), text));
    await client.query({
      name: 'audit-append',
      text: 'insert into audit_link (chain, number, at, entries, hash) values ($1, $2, $3, $4, $5)',
      values: [chain, number, at, text, hash],
    });
    return { number, hash: hash.toString('hex') };
  }

  return {
    run(work) {
      const result = last.then(() => once(work));
      last = result.catch(() => undefined);
      return result;
    },
  };
}

/** Rolls back; a connection on which that fails is thrown away. */
async function abandon(client: Client): Promise<void> {
  try {
    await client.query('rollback');
    client.release();
  } catch (error) {
    client.release(error as Error);
  }
}

async function readHead(client: Queryable, chain: string): Promise<Head> {
  const { rows } = await client.query<{ number: number; hash: string }>({
    text: `select number, encode(hash, 'hex') as hash from audit_link where chain = $1 order by number desc limit 1`,
    values: [chain],
  });
  return rows[0] ?? GENESIS;
}

/** What an anchor covers: the heads of all chains that grew since the anchor before it. */
type Heads = [chain: string, number: number, hash: string][];

function anchorText(before: string, number: number, at: string, heads: string): string {
  return JSON.stringify([before, 'anchor', number, at, heads]);
}

/**
 * Joins the chains that grew since the last anchor. Gives the anchor to publish outside the database (the log does),
 * or undefined when nothing grew, or another process anchored at the same moment.
 */
export async function anchorChains(
  pool: Pool,
  sign: Sign,
  now: Date,
): Promise<{ number: number; hash: string } | undefined> {
  const last = await pool.query<{ number: number; at: Date; heads: string; hash: string }>(
    `select number, at, heads, encode(hash, 'hex') as hash from audit_anchor order by number desc limit 1`,
  );
  const before = last.rows[0];
  const { rows } = await pool.query<{ chain: string; number: number; hash: string }>({
    // A minute's overlap: a link gets its time before its commit.
    text: `select distinct on (chain) chain, number, encode(hash, 'hex') as hash from audit_link
           where $1::timestamptz is null or at > $1::timestamptz - interval '1 minute' order by chain, number desc`,
    values: [before?.at ?? null],
  });
  const heads = JSON.stringify(rows.map((row) => [row.chain, row.number, row.hash]) satisfies Heads);
  if (rows.length === 0 || heads === before?.heads) return undefined;
  const number = (before?.number ?? 0) + 1;
  const hash = sign(anchorText(before?.hash ?? '', number, now.toISOString(), heads));
  const inserted = await pool.query(
    'insert into audit_anchor (number, at, heads, hash) values ($1, $2, $3, $4) on conflict do nothing',
    [number, now, heads, hash],
  );
  return inserted.rowCount === 1 ? { number, hash: hash.toString('hex') } : undefined;
}

/** What `pipehat audit verify` found. */
export interface Verification {
  readonly links: number;
  readonly entries: number;
  readonly chains: number;
  readonly anchors: number;
  readonly broken: BrokenLink | undefined;
}

const PAGE = 5000;

/** Recomputes every link and every anchor, in order, and stops at the first that doesn't hold. */
export async function verifyAudit(pool: Pool, sign: Sign): Promise<Verification> {
  const counts = { links: 0, entries: 0, chains: 0, anchors: 0 };
  let chain = '';
  let before = GENESIS;
  for (;;) {
    const { rows } = await pool.query<{
      chain: string;
      number: number;
      at: Date;
      entries: string;
      hash: string;
    }>(
      `select chain, number, at, entries, encode(hash, 'hex') as hash from audit_link
       where (chain, number) > ($1, $2) order by chain, number limit ${PAGE}`,
      [chain, before.number],
    );
    for (const row of rows) {
      if (row.chain !== chain) {
        chain = row.chain;
        before = GENESIS;
        counts.chains += 1;
      }
      const broken = (says: string) => ({ ...counts, broken: { chain, number: row.number, says } });
      if (row.number !== before.number + 1)
        return broken(`expected link ${before.number + 1}, found ${row.number}: links are missing`);
      const text = linkText(before.hash, row.chain, row.number, row.at.toISOString(), row.entries);
      if (sign(text).toString('hex') !== row.hash)
        return broken('its hash does not fit its content and the link before it');
      before = { number: row.number, hash: row.hash };
      counts.links += 1;
      counts.entries += (JSON.parse(row.entries) as unknown[]).length;
    }
    if (rows.length < PAGE) break;
  }
  const broken = await verifyAnchors(pool, sign, counts);
  return { ...counts, broken };
}

async function verifyAnchors(
  pool: Pool,
  sign: Sign,
  counts: { anchors: number },
): Promise<BrokenLink | undefined> {
  let before = GENESIS;
  const { rows } = await pool.query<{ number: number; at: Date; heads: string; hash: string }>(
    `select number, at, heads, encode(hash, 'hex') as hash from audit_anchor order by number`,
  );
  for (const row of rows) {
    const broken = (says: string): BrokenLink => ({ chain: 'anchor', number: row.number, says });
    if (row.number !== before.number + 1)
      return broken(`expected anchor ${before.number + 1}: anchors are missing`);
    const text = anchorText(before.hash, row.number, row.at.toISOString(), row.heads);
    if (sign(text).toString('hex') !== row.hash)
      return broken('its hash does not fit its content and the anchor before it');
    const heads = JSON.parse(row.heads) as Heads;
    const found = await pool.query<{ chain: string; number: number; hash: string }>(
      `select chain, number, encode(hash, 'hex') as hash from audit_link
       where (chain, number) in (select * from unnest($1::text[], $2::bigint[]))`,
      [heads.map(([chain]) => chain), heads.map(([, number]) => number)],
    );
    const hashes = new Map(found.rows.map((link) => [`${link.chain}#${link.number}`, link.hash]));
    for (const [chain, number, hash] of heads) {
      if (hashes.get(`${chain}#${number}`) !== hash)
        return { chain, number, says: `anchor ${row.number} saw it, and it is gone or another` };
    }
    before = { number: row.number, hash: row.hash };
    counts.anchors += 1;
  }
  return undefined;
}

/** Writes an entry outside any other transaction: the acts of people and of the process itself. */
export async function auditAct(writer: Writer, ...entry: AuditEntry): Promise<void> {
  await writer.run(async (transaction) => transaction.audit(...entry));
}
