/** Events and deliveries: what a channel made of a message, and what became of it at each system. */
import { createBlob } from './blob.ts';
import type { Queryable } from './database.ts';
import type { DeliveryState } from './states.ts';

/** An event to be stored. */
export interface NewEvent {
  readonly message_id: number;
  readonly number: number;
  readonly id: string;
  readonly type: string;
  readonly action: string;
  readonly occurred_at: string | undefined;
  readonly configuration: Buffer;
  readonly sealed: Buffer;
}

/** A delivery to be stored: of an event of the message, or of an HL7 message of its own. */
export interface NewDelivery {
  readonly message_id: number;
  readonly event_number: number | undefined;
  readonly sealed: Buffer | undefined;
  readonly destination: string;
  readonly lane: number;
  readonly order_key: Buffer | null;
  readonly write_types: readonly string[] | undefined;
}

/** Stores events with their payloads. */
export async function storeEvents(
  transaction: Queryable,
  events: readonly NewEvent[],
  at: Date,
): Promise<void> {
  if (events.length === 0) return;
  const blob = createBlob(events.map((event) => event.sealed));
  await transaction.query({
    name: 'insert-events',
    text: `with input as (
             select * from unnest($2::integer[], $3::integer[], $4::bigint[], $5::integer[], $6::uuid[], $7::text[], $8::text[], $9::timestamptz[], $10::bytea[])
               as u (blob_offset, blob_length, message_id, number, id, type, action, occurred_at, configuration)
           ), sealed as (
             insert into payload (message_id, kind, owner, number, sealed)
             select message_id, 'event', number, 0, substring($1::bytea from blob_offset + 1 for blob_length) from input
           )
           insert into event (message_id, number, id, type, action, occurred_at, configuration, created_at)
           select message_id, number, id, type, action, occurred_at, configuration, $11 from input`,
    values: [
      blob.bytes,
      blob.offsets,
      blob.lengths,
      events.map((e) => e.message_id),
      events.map((e) => e.number),
      events.map((e) => e.id),
      events.map((e) => e.type),
      events.map((e) => e.action),
      events.map((e) => e.occurred_at ?? null),
      events.map((e) => e.configuration),
      at,
    ],
  });
}

/** Stores deliveries as `pending` and gives their ids, in order. */
export async function storeDeliveries(
  transaction: Queryable,
  deliveries: readonly NewDelivery[],
  at: Date,
): Promise<number[]> {
  if (deliveries.length === 0) return [];
  const blob = createBlob(deliveries.map((delivery) => delivery.sealed ?? Buffer.alloc(0)));
  const { rows } = await transaction.query<{ id: number }>({
    name: 'insert-deliveries',
    text: `with input as materialized (
             select nextval(pg_get_serial_sequence('delivery', 'id')) as id, u.*
             from unnest($2::integer[], $3::integer[], $4::bigint[], $5::integer[], $6::text[], $7::smallint[], $8::bytea[], $9::text[])
               with ordinality as u (blob_offset, blob_length, message_id, event_number, destination, lane, order_key, write_types, n)
             order by n
           ), sealed as (
             insert into payload (message_id, kind, owner, number, sealed)
             select message_id, 'delivery', id, 0, substring($1::bytea from blob_offset + 1 for blob_length)
             from input where blob_length > 0
           ), stored as (
             insert into delivery (id, message_id, event_number, destination, lane, order_key, write_types, state, created_at)
             select id, message_id, event_number, destination, lane, order_key, string_to_array(write_types, ','), 'pending', $10 from input
           )
           select id from input order by n`,
    values: [
      blob.bytes,
      blob.offsets,
      blob.lengths,
      deliveries.map((d) => d.message_id),
      deliveries.map((d) => d.event_number ?? null),
      deliveries.map((d) => d.destination),
      deliveries.map((d) => d.lane),
      deliveries.map((d) => d.order_key),
      deliveries.map((d) => d.write_types?.join(',') ?? null),
      at,
    ],
  });
  return rows.map((row) => row.id);
}

/** A delivery that may be attempted now. */
export interface OpenDelivery {
  readonly id: number;
  readonly message_id: number;
  readonly event_number: number | null;
  readonly order_key: Buffer | null;
  readonly write_types: string[] | null;
  /** `submitted`: an engine stopped between sending and answer. */
  readonly state: Extract<DeliveryState, 'pending' | 'submitted' | 'held'>;
  readonly attempts: number;
  readonly received_at: Date;
  readonly channel: string;
  /** How many its message has. */
  readonly attachments: number;
}

/** A lane to be read, and what of it is under way already. */
export interface LaneRead {
  readonly name: string;
  readonly lane: number;
  /** Deliveries under way; left out together with all others of their keys. */
  readonly busy: readonly { readonly id: number; readonly order_key: Buffer | null }[];
  /** At most so many. */
  readonly limit: number;
}

/**
 * The next deliveries of lanes, in order, without those whose key is under way or held: an earlier one of the same key
 * waits for a retry or for a person. Indexes: delivery_open, delivery_holding.
 */
export const openDeliveriesQuery = `
  select w.n::integer - 1 as place, d.*
  from unnest($1::text[], $2::smallint[], $3::integer[]) with ordinality as w (destination, lane, most, n)
  cross join lateral (
    select d.id, d.message_id, d.event_number, d.order_key, d.write_types, d.state, d.attempts, m.received_at, m.channel, m.attachments
    from delivery d
    join message m on m.id = d.message_id
    where d.destination = w.destination and d.lane = w.lane
      and d.state in ('pending', 'submitted', 'held', 'ambiguous')
      and (d.state in ('pending', 'submitted') or (d.state = 'held' and d.next_attempt_at <= now()))
      and not exists (
        select 1 from unnest($4::bigint[], $5::text[], $6::bytea[]) as busy (id, destination, order_key)
        where busy.id = d.id or (busy.destination = d.destination and busy.order_key = d.order_key)
      )
      and not exists (
        select 1 from delivery h
        where h.destination = d.destination and h.lane = d.lane and h.order_key = d.order_key and h.id < d.id
          and h.state in ('held', 'ambiguous') and (h.state = 'ambiguous' or h.next_attempt_at > now())
      )
    order by d.id limit w.most
  ) d
  order by w.n, d.id`;

/** Reads several lanes at once; the answers come in the order of the questions. */
export async function openDeliveries(db: Queryable, lanes: readonly LaneRead[]): Promise<OpenDelivery[][]> {
  const busy = lanes.flatMap((lane) =>
    lane.busy.map(({ id, order_key }) => ({ id, order_key, name: lane.name })),
  );
  const { rows } = await db.query<OpenDelivery & { place: number }>({
    name: 'open-deliveries',
    text: openDeliveriesQuery,
    values: [
      ...[lanes.map(({ name }) => name), lanes.map(({ lane }) => lane), lanes.map(({ limit }) => limit)],
      ...[busy.map(({ id }) => id), busy.map(({ name }) => name), busy.map(({ order_key }) => order_key)],
    ],
  });
  const found: OpenDelivery[][] = lanes.map(() => []);
  for (const row of rows) found[row.place]!.push(row);
  return found;
}

/** Index: delivery_holding. */
export const dueInQuery = `
  select ceil(extract(epoch from min(d.next_attempt_at) - now()) * 1000)::float8 as ms
  from delivery d
  where d.destination = $1 and d.lane = $2 and d.state = 'held' and not exists (
    select 1 from delivery h
    where h.destination = $1 and h.lane = $2 and h.order_key = d.order_key and h.id < d.id
      and h.state in ('held', 'ambiguous')
  )`;

/**
 * In how many milliseconds the first held delivery of a lane is due, by the store's clock; undefined when none is held,
 * or when a person has to settle an earlier one of its key first.
 */
export async function dueIn(db: Queryable, destination: string, lane: number): Promise<number | undefined> {
  const { rows } = await db.query<{ ms: number | null }>({
    name: 'due-in',
    text: dueInQuery,
    values: [destination, lane],
  });
  const ms = rows[0]!.ms;
  return ms === null ? undefined : Math.max(ms, 1);
}

/** Marks deliveries as being sent. From here on, only an answer or a look-up tells whether the receiver has them. */
export async function submitDeliveries(transaction: Queryable, ids: readonly number[]): Promise<void> {
  await transaction.query({
    name: 'submit-deliveries',
    text: `update delivery set state = 'submitted', attempts = attempts + 1, next_attempt_at = null where id = any($1::bigint[])`,
    values: [ids],
  });
}

/** What an attempt brought, and where the delivery goes from there. */
export interface AttemptRecord {
  readonly delivery_id: number;
  readonly message_id: number;
  readonly number: number;
  readonly started_at: Date;
  readonly ended_at: Date;
  readonly outcome: string;
  readonly code: string | undefined;
  readonly status: string | undefined;
  readonly says: string | undefined;
  /** Request and response, sealed; undefined when nothing was sent. */
  readonly sealed: Buffer | undefined;
  readonly state: DeliveryState;
  /** For `held`: how long to wait before the next attempt. */
  readonly wait_ms: number | undefined;
}

/** Records attempts and moves their deliveries. */
export async function settleDeliveries(
  transaction: Queryable,
  records: readonly AttemptRecord[],
): Promise<void> {
  const blob = createBlob(records.map((record) => record.sealed ?? Buffer.alloc(0)));
  await transaction.query({
    name: 'settle-deliveries',
    text: `with input as (
             select * from unnest($2::integer[], $3::integer[], $4::bigint[], $5::bigint[], $6::integer[], $7::timestamptz[], $8::timestamptz[],
               $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::float8[])
               as u (blob_offset, blob_length, delivery_id, message_id, number, started_at, ended_at, outcome, code, status, says, state, wait_ms)
           ), sealed as (
             insert into payload (message_id, kind, owner, number, sealed)
             select message_id, 'attempt', delivery_id, number, substring($1::bytea from blob_offset + 1 for blob_length)
             from input where blob_length > 0
           ), recorded as (
             insert into attempt (delivery_id, number, message_id, started_at, ended_at, outcome, code, status, says)
             select delivery_id, number, message_id, started_at, ended_at, outcome, code, status, says from input
           )
           update delivery d set state = i.state, error_code = i.code, error_says = i.says,
             next_attempt_at = now() + i.wait_ms * interval '1 millisecond',
             settled_at = case when i.state in ('acknowledged', 'rejected') then i.ended_at end
           from input i where d.id = i.delivery_id`,
    values: [
      blob.bytes,
      blob.offsets,
      blob.lengths,
      records.map((r) => r.delivery_id),
      records.map((r) => r.message_id),
      records.map((r) => r.number),
      records.map((r) => r.started_at),
      records.map((r) => r.ended_at),
      records.map((r) => r.outcome),
      records.map((r) => r.code ?? null),
      records.map((r) => r.status ?? null),
      records.map((r) => r.says ?? null),
      records.map((r) => r.state),
      records.map((r) => r.wait_ms ?? null),
    ],
  });
}
