/** How messages stand, and what their senders were told of it. */
import type { Queryable } from './database.ts';
import type { DeliveryState, MessageState } from './states.ts';

/** How a message stands: what its channel made of it, and what became of the deliveries that this made. */
export interface Standing {
  readonly id: number;
  readonly state: MessageState;
  readonly error_code: string | null;
  readonly error_at: string | null;
  readonly error_says: string | null;
  /** Deliveries of its last run through the channel that are not settled. */
  readonly open: number;
  /** The first of them that will not arrive: its system, its state, and the receiver's own word. */
  readonly refused_by: string | null;
  readonly refused_state: Extract<DeliveryState, 'rejected' | 'cancelled'> | null;
  readonly refused_status: string | null;
}

/**
 * A replay's deliveries are as old as `processed_at` or younger, those of earlier runs are older. The delivery that
 * carries the message's own acknowledgement doesn't count. Indexes: primary key of `message`, delivery_message.
 */
export const standingsQuery = `
  select m.id, m.state, m.error_code, m.error_at, m.error_says, made.open,
    refused.destination as refused_by, refused.state as refused_state, refused.status as refused_status
  from message m
  cross join lateral (
    select count(*)::integer as open from delivery d
    where d.message_id = m.id and d.created_at >= m.processed_at and d.id is distinct from m.application_delivery
      and d.state in ('pending', 'validated', 'submitted', 'held', 'ambiguous', 'conflict')
  ) made
  left join lateral (
    select d.destination, d.state, a.status from delivery d
    left join attempt a on a.delivery_id = d.id and a.number = d.attempts
    where d.message_id = m.id and d.created_at >= m.processed_at and d.id is distinct from m.application_delivery
      and d.state in ('rejected', 'cancelled')
    order by d.id limit 1
  ) refused on true
  where m.id = any($1::bigint[])`;

/** How these messages stand, by id; one that is no longer kept is missing. */
export async function readStandings(
  db: Queryable,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Standing>> {
  const { rows } = await db.query<Standing>({
    name: 'standings',
    text: standingsQuery,
    values: [ids],
  });
  return new Map(rows.map((row) => [row.id, row]));
}

/** Where an application acknowledgement went: see the column `application_way`. */
export type ApplicationWay = 'connection' | 'lost' | 'due' | 'delivery';

/** What a sender was told. */
export interface ApplicationAnswer {
  readonly message_id: number;
  /** MSA-1; empty when it is settled that nothing is to be said. */
  readonly code: string;
  readonly error: string | undefined;
  readonly at: Date;
  readonly way: Exclude<ApplicationWay, 'due'> | undefined;
  readonly delivery: number | undefined;
}

/** Writes down what senders were told. */
export async function recordAnswers(
  transaction: Queryable,
  answers: readonly ApplicationAnswer[],
): Promise<void> {
  await transaction.query({
    name: 'record-answers',
    text: `update message m set application_code = a.code, application_error = a.error, application_at = a.at,
             application_way = a.way, application_delivery = coalesce(a.delivery, m.application_delivery)
           from unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::bigint[])
             as a (id, code, error, at, way, delivery)
           where m.id = a.id`,
    values: [
      answers.map((a) => a.message_id),
      answers.map((a) => a.code),
      answers.map((a) => a.error ?? null),
      answers.map((a) => a.at),
      answers.map((a) => a.way ?? null),
      answers.map((a) => a.delivery ?? null),
    ],
  });
}

/** A message whose acknowledgement is owed to a system. */
export interface OwingMessage {
  readonly id: number;
  readonly channel: string;
  readonly received_at: Date;
  readonly order_key: Buffer | null;
}

/** Those of `ids` that owe one. */
export async function owingAmong(db: Queryable, ids: readonly number[]): Promise<OwingMessage[]> {
  const { rows } = await db.query<OwingMessage>({
    name: 'owing-among',
    text: `select id, channel, received_at, order_key from message
           where id = any($1::bigint[]) and application_way = 'due' order by id`,
    values: [ids],
  });
  return rows;
}

/** Index: message_owing. */
export const owingMessagesQuery = `
  select id from message where application_way = 'due' and channel = any($1::text[]) and id > $2
  order by id limit $3`;

/** Messages of these channels that owe one and come after `after`, in order. */
export async function owingMessages(
  db: Queryable,
  channels: readonly string[],
  after: number,
  limit: number,
): Promise<number[]> {
  const { rows } = await db.query<{ id: number }>({
    name: 'owing-messages',
    text: owingMessagesQuery,
    values: [channels, after, limit],
  });
  return rows.map(({ id }) => id);
}

/** Takes debts on: gives those of `ids` that nobody else has paid. They are locked until the transaction ends. */
export async function takeOwing(transaction: Queryable, ids: readonly number[]): Promise<Set<number>> {
  const { rows } = await transaction.query<{ id: number }>({
    name: 'take-owing',
    text: `select id from message where id = any($1::bigint[]) and application_way = 'due' order by id for update`,
    values: [ids],
  });
  return new Set(rows.map(({ id }) => id));
}

/** Is this a message of the channel to which an application acknowledgement was given? */
export async function wasAnswered(db: Queryable, channel: string, id: number): Promise<boolean> {
  const { rows } = await db.query({
    name: 'was-answered',
    text: 'select 1 from message where id = $1 and channel = $2 and application_code is not null',
    values: [id, channel],
  });
  return rows.length > 0;
}
