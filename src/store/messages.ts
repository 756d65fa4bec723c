/** Messages: what came in, its answer, and its place in a channel's lane. */
import { createBlob } from './blob.ts';
import type { Queryable } from './database.ts';
import type { MessageState } from './states.ts';

/** A message to be stored. `sealed` are the bytes exactly as received. */
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
  readonly protocol: string;
  readonly local: string;
  readonly remote: string;
  readonly connection: number;
  readonly received_at: Date;
  readonly ack_code: string;
  readonly warning: string | undefined;
  readonly error_code: string | undefined;
  readonly error_at: string | undefined;
  readonly error_says: string | undefined;
  readonly configuration: Buffer;
  readonly sealed: Buffer;
  /** Which message this is, for telling a resend; absent for rejected ones, which are judged anew each time. */
  readonly receipt: Receipt | undefined;
  readonly search: readonly Buffer[];
}

/** Sender and control id, and the content. */
export interface Receipt {
  readonly control: Buffer;
  readonly content: Buffer;
}

/** A receipt that is in the store, with the first answer that was given for it. */
export interface KnownReceipt {
  readonly control: Buffer;
  readonly content: Buffer;
  readonly message_id: number;
  readonly received_at: Date;
  readonly ack_code: string;
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
  protocol: 'text',
  local: 'text',
  remote: 'text',
  connection: 'integer',
  received_at: 'timestamptz',
  ack_code: 'text',
  warning: 'text',
  error_code: 'text',
  error_at: 'text',
  error_says: 'text',
  configuration: 'bytea',
} as const satisfies Partial<Record<keyof NewMessage, string>>;

const names = Object.keys(columns) as (keyof typeof columns)[];
const lists = names.map((name, i) => `$${i + 4}::${columns[name]}[]`).join(', ');

/** Ids, messages and payloads in one statement; ids come in the order of the input. */
const insertMessages = `
  with input as materialized (
    select nextval(pg_get_serial_sequence('message', 'id')) as id, u.*
    from unnest($2::integer[], $3::integer[], ${lists})
      with ordinality as u (blob_offset, blob_length, ${names.join(', ')}, n)
    order by n
  ), stored as (
    insert into message (id, ${names.join(', ')}) select id, ${names.join(', ')} from input
  ), sealed as (
    insert into payload (message_id, kind, owner, number, sealed)
    select id, 'message', 0, 0, substring($1::bytea from blob_offset + 1 for blob_length) from input
  )
  select id from input order by n`;

const insertReceipts = `
  insert into receipt (control, content, message_id)
  select * from unnest($1::bytea[], $2::bytea[], $3::bigint[])`;

const insertSearchKeys = `
  insert into search_key (hash, message_id)
  select * from unnest($1::bytea[], $2::bigint[]) on conflict do nothing`;

/**
 * Stores messages and gives their ids, in order. Throws PostgreSQL's unique violation (23505) when another process
 * stored the same receipt since {@link findReceipts}: look again then.
 */
export async function storeMessages(
  transaction: Queryable,
  messages: readonly NewMessage[],
): Promise<number[]> {
  const blob = createBlob(messages.map((message) => message.sealed));
  const { rows } = await transaction.query<{ id: number }>({
    name: 'insert-messages',
    text: insertMessages,
    values: [
      blob.bytes,
      blob.offsets,
      blob.lengths,
      ...names.map((name) => messages.map((message) => message[name] ?? null)),
    ],
  });
  const ids = rows.map((row) => row.id);
  const receipts = messages.flatMap((message, i) =>
    message.receipt ? [{ ...message.receipt, id: ids[i]! }] : [],
  );
  if (receipts.length > 0) {
    await transaction.query({
      name: 'insert-receipts',
      text: insertReceipts,
      values: [receipts.map((r) => r.control), receipts.map((r) => r.content), receipts.map((r) => r.id)],
    });
  }
  const search = messages.flatMap((message, i) => message.search.map((hash) => ({ hash, id: ids[i]! })));
  if (search.length > 0) {
    await transaction.query({
      name: 'insert-search-keys',
      text: insertSearchKeys,
      values: [search.map((key) => key.hash), search.map((key) => key.id)],
    });
  }
  return ids;
}

/** All receipts of the given senders' control ids, whatever their content. Index: primary key of `receipt`. */
export async function findReceipts(
  transaction: Queryable,
  controls: readonly Buffer[],
): Promise<KnownReceipt[]> {
  const { rows } = await transaction.query<KnownReceipt>({
    name: 'find-receipts',
    text: `select r.control, r.content, r.message_id, m.received_at, m.ack_code
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
  readonly sealed: Buffer;
  /** Events that it already has: more than none after a replay. */
  readonly events: number;
}

/** Index: message_waiting. */
export const waitingMessagesQuery = `
  select m.id, m.received_at, m.order_key, m.sha256, p.sealed,
    (select count(*)::integer from event e where e.message_id = m.id) as events
  from message m join payload p on p.message_id = m.id and p.kind = 'message' and p.owner = 0 and p.number = 0
  where m.state = 'received' and m.channel = $1 and m.lane = $2
  order by m.id limit $3`;

/** The next messages of a lane, in order. */
export async function waitingMessages(
  db: Queryable,
  channel: string,
  lane: number,
  limit: number,
): Promise<WaitingMessage[]> {
  const { rows } = await db.query<WaitingMessage>({
    name: 'waiting-messages',
    text: waitingMessagesQuery,
    values: [channel, lane, limit],
  });
  return rows;
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
