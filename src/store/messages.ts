/** Messages: what came in, its answer, and its place in a channel's lane. */
import { type LiftedPart, storeLifted } from './attachments.ts';
import { createBlob } from './blob.ts';
import type { Queryable } from './database.ts';
import type { MessageState } from './states.ts';

/** A message to be stored. `sealed` are the bytes as received, with references in the places of `lifted`. */
export interface NewMessage {
  readonly tenant: string;
  readonly channel: string;
  readonly state: Extract<MessageState, 'received' | 'rejected'>;
  readonly lane: number;
  readonly order_key: Buffer | undefined;
  readonly control_id: string;
  readonly type: string;
  readonly structure: string;
  readonly version: string;
  readonly sender: string;
  readonly receiver: string;
  readonly sha256: Buffer;
  readonly size: number;
  /** Large parts that are kept as attachments, and how many. */
  readonly lifted: readonly LiftedPart[];
  readonly attachments: number;
  readonly protocol: string;
  readonly local: string;
  readonly remote: string;
  readonly connection: number;
  readonly received_at: Date;
  /** MSA-1 of what the sender is told at once; empty: nothing, or nothing yet. */
  readonly ack_code: string;
  /** An application acknowledgement is owed to a system. */
  readonly application_way: 'due' | undefined;
  readonly warning: string | undefined;
  readonly error_code: string | undefined;
  readonly error_at: string | undefined;
  readonly error_says: string | undefined;
  /** JSON of {@link StoredFindings}; undefined where validation found nothing, or wasn't asked for. */
  readonly findings: string | undefined;
  readonly configuration: Buffer;
  readonly sealed: Buffer;
  /** Which message this is, for telling a resend; absent for rejected ones, which are judged anew each time. */
  readonly receipt: Receipt | undefined;
  readonly search: readonly Buffer[];
}

/** What validation found in a message: places, rules and kinds of things, no values. */
export interface StoredFindings {
  readonly list: readonly {
    readonly severity: string;
    readonly rule: string;
    /** The place as an HL7 path. */
    readonly path: string;
    /** Table 0357. */
    readonly condition: string;
    readonly says: string;
  }[];
  /** How many more there were. */
  readonly more: number;
}

/** Sender and control id, and the content. */
export interface Receipt {
  readonly control: Buffer;
  readonly content: Buffer;
}

/** A receipt that is in the store, with the message that it is of. */
export interface KnownReceipt {
  readonly control: Buffer;
  readonly content: Buffer;
  readonly message_id: number;
  readonly received_at: Date;
}

/** Columns of {@link NewMessage} that go into `message` as they are, with their types, in the order of the table. */
const columns = {
  tenant: 'text',
  channel: 'text',
  state: 'text',
  lane: 'smallint',
  order_key: 'bytea',
  control_id: 'text',
  type: 'text',
  structure: 'text',
  version: 'text',
  sender: 'text',
  receiver: 'text',
  sha256: 'bytea',
  size: 'integer',
  attachments: 'integer',
  protocol: 'text',
  local: 'text',
  remote: 'text',
  connection: 'integer',
  received_at: 'timestamptz',
  ack_code: 'text',
  application_way: 'text',
  warning: 'text',
  error_code: 'text',
  error_at: 'text',
  error_says: 'text',
  configuration: 'bytea',
  findings: 'jsonb',
} as const satisfies Partial<Record<keyof NewMessage, string>>;

const names = Object.keys(columns) as (keyof typeof columns)[];
const lists = names.map((name, i) => `$${i + 5}::${columns[name]}[]`).join(', ');

/** Messages and payloads in one statement. */
const insertMessages = `
  with input as (
    select * from unnest($2::bigint[], $3::integer[], $4::integer[], ${lists})
      as u (id, blob_offset, blob_length, ${names.join(', ')})
  ), sealed as (
    insert into payload (message_id, kind, owner, number, sealed)
    select id, 'message', 0, 0, substring($1::bytea from blob_offset + 1 for blob_length) from input
  )
  insert into message (id, ${names.join(', ')}) select id, ${names.join(', ')} from input`;

const insertReceipts = `
  insert into receipt (control, content, message_id)
  select * from unnest($1::bytea[], $2::bytea[], $3::bigint[])`;

const insertSearchKeys = `
  insert into search_key (hash, message_id)
  select * from unnest($1::bytea[], $2::bigint[]) on conflict do nothing`;

/** Takes ids for `count` messages, in order. Ids that are not used in the end are lost; nobody misses them. */
export async function takeMessageIds(transaction: Queryable, count: number): Promise<number[]> {
  const { rows } = await transaction.query<{ id: number }>({
    name: 'take-message-ids',
    text: `select nextval(pg_get_serial_sequence('message', 'id')) as id from generate_series(1, $1)`,
    values: [count],
  });
  return rows.map((row) => row.id);
}

/**
 * Stores messages under their ids. Throws PostgreSQL's unique violation (23505) when another process stored the same
 * receipt since {@link findReceipts}: look again then.
 */
export async function storeMessages(
  transaction: Queryable,
  messages: readonly (NewMessage & { readonly id: number })[],
): Promise<void> {
  const blob = createBlob(messages.map((message) => message.sealed));
  const receipts = messages.flatMap(({ id, receipt }) => (receipt ? [{ ...receipt, id }] : []));
  const search = messages.flatMap(({ id, search: hashes }) => hashes.map((hash) => ({ hash, id })));
  const rest = names.map((name) => messages.map((message) => message[name] ?? null));
  await Promise.all([
    transaction.query({
      name: 'insert-messages',
      text: insertMessages,
      values: [blob.bytes, messages.map(({ id }) => id), blob.offsets, blob.lengths, ...rest],
    }),
    transaction.query({
      name: 'insert-receipts',
      text: insertReceipts,
      values: [receipts.map((r) => r.control), receipts.map((r) => r.content), receipts.map((r) => r.id)],
    }),
    transaction.query({
      name: 'insert-search-keys',
      text: insertSearchKeys,
      values: [search.map((key) => key.hash), search.map((key) => key.id)],
    }),
    storeLifted(transaction, messages),
  ]);
}

/** All receipts of the given senders' control ids, whatever their content. Index: primary key of `receipt`. */
export async function findReceipts(
  transaction: Queryable,
  controls: readonly Buffer[],
): Promise<KnownReceipt[]> {
  const { rows } = await transaction.query<KnownReceipt>({
    name: 'find-receipts',
    text: `select r.control, r.content, r.message_id, m.received_at
           from receipt r join message m on m.id = r.message_id where r.control = any($1::bytea[])`,
    values: [controls],
  });
  return rows;
}

/** A message that waits in a channel's lane. */
export interface WaitingMessage {
  readonly id: number;
  readonly received_at: Date;
  readonly order_key: Buffer | null;
  readonly sha256: Buffer;
  readonly attachments: number;
  /** Events that it already has: more than none after a replay. */
  readonly events: number;
}

/** Index: message_waiting. */
export const waitingMessagesQuery = `
  select w.n::integer - 1 as place, m.*
  from unnest($1::text[], $2::smallint[]) with ordinality as w (channel, lane, n)
  cross join lateral (
    select m.id, m.received_at, m.order_key, m.sha256, m.attachments,
      (select count(*)::integer from event e where e.message_id = m.id) as events
    from message m
    where m.state = 'received' and m.channel = w.channel and m.lane = w.lane
    order by m.id limit $3
  ) m
  order by w.n, m.id`;

/** The next messages of each of the lanes, in order: at most `limit` of each. */
export async function waitingMessages(
  db: Queryable,
  lanes: readonly { readonly channel: string; readonly lane: number }[],
  limit: number,
): Promise<WaitingMessage[][]> {
  const { rows } = await db.query<WaitingMessage & { place: number }>({
    name: 'waiting-messages',
    text: waitingMessagesQuery,
    values: [lanes.map(({ channel }) => channel), lanes.map(({ lane }) => lane), limit],
  });
  const found: WaitingMessage[][] = lanes.map(() => []);
  for (const row of rows) found[row.place]!.push(row);
  return found;
}

/** The SHA-256 of a message as it was received; undefined when there is no such message. Index: primary key. */
export async function readFingerprint(db: Queryable, id: number): Promise<Buffer | undefined> {
  const { rows } = await db.query<{ sha256: Buffer }>({
    text: 'select sha256 from message where id = $1',
    values: [id],
  });
  return rows[0]?.sha256;
}

/** What a channel made of a message. */
export interface MessageOutcome {
  readonly id: number;
  readonly state: Exclude<MessageState, 'received' | 'rejected'>;
  readonly error_code: string | undefined;
  readonly error_at: string | undefined;
  readonly error_says: string | undefined;
  readonly configuration: Buffer;
}

/** Moves messages from `received` to their outcome. */
export async function settleMessages(
  transaction: Queryable,
  outcomes: readonly MessageOutcome[],
  at: Date,
): Promise<void> {
  await transaction.query({
    name: 'settle-messages',
    text: `update message m set state = o.state, error_code = o.error_code, error_at = o.error_at, error_says = o.error_says,
             configuration = o.configuration, processed_at = $7
           from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[])
             as o (id, state, error_code, error_at, error_says, configuration)
           where m.id = o.id and m.state = 'received'`,
    values: [
      outcomes.map((o) => o.id),
      outcomes.map((o) => o.state),
      outcomes.map((o) => o.error_code ?? null),
      outcomes.map((o) => o.error_at ?? null),
      outcomes.map((o) => o.error_says ?? null),
      outcomes.map((o) => o.configuration),
      at,
    ],
  });
}

/** Puts a message back into its lane. Gives its lane, or undefined when it is not in a state that may go back. */
export async function reopenMessage(
  transaction: Queryable,
  id: number,
): Promise<{ channel: string; lane: number } | undefined> {
  const { rows } = await transaction.query<{ channel: string; lane: number }>({
    text: `update message set state = 'received', error_code = null, error_at = null, error_says = null
           where id = $1 and state in ('processed', 'filtered', 'failed') returning channel, lane`,
    values: [id],
  });
  return rows[0];
}
