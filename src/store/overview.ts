/** Reading for people: figures of channels and destinations, lists of messages. */
import type { Queryable } from './database.ts';
import type { DeliveryState, MessageState } from './states.ts';

/** How many messages or deliveries of a channel or destination are in a state. */
export interface StateCount {
  readonly name: string;
  readonly state: string;
  readonly count: number;
}

/** What waits in front of a channel or destination. */
export interface Backlog {
  readonly kind: 'channel' | 'destination';
  readonly name: string;
  readonly depth: number;
  readonly oldest_ms: number;
}

/** What waits, and since when. Reads the partial indexes message_waiting and delivery_open only. */
export async function readBacklogs(db: Queryable): Promise<Backlog[]> {
  const { rows } = await db.query<Backlog>({
    name: 'backlogs',
    text: `select 'channel' as kind, channel as name, count(*)::integer as depth,
             greatest(0, extract(epoch from now() - min(received_at)) * 1000)::float8 as oldest_ms
           from message where state = 'received' group by channel
           union all
           select 'destination', destination, count(*)::integer, greatest(0, extract(epoch from now() - min(created_at)) * 1000)::float8
           from delivery where state in ('pending', 'submitted', 'held', 'ambiguous') group by destination`,
  });
  return rows;
}

/** Messages of each channel by state, over all that is kept. */
export async function countMessages(db: Queryable): Promise<StateCount[]> {
  const { rows } = await db.query<StateCount>({
    name: 'count-messages',
    text: 'select channel as name, state, count(*)::integer as count from message group by channel, state',
  });
  return rows;
}

/** Deliveries of each destination by state, over all that is kept. */
export async function countDeliveries(db: Queryable): Promise<StateCount[]> {
  const { rows } = await db.query<StateCount>({
    name: 'count-deliveries',
    text: 'select destination as name, state, count(*)::integer as count from delivery group by destination, state',
  });
  return rows;
}

/** Which messages to list. Everything given must hold. */
export interface MessageQuery {
  readonly channel?: string | undefined;
  readonly state?: string | undefined;
  readonly type?: string | undefined;
  readonly control_id?: string | undefined;
  /** Keyed hashes of a patient, visit or order number. */
  readonly search?: Buffer | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** Only messages with a smaller id: the page after it. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** One line of a list of messages. */
export interface MessageLine {
  readonly id: number;
  readonly received_at: Date;
  readonly channel: string;
  readonly type: string;
  readonly control_id: string;
  readonly version: string;
  readonly sender: string;
  readonly state: MessageState;
  /** MSA-1 of each answer, in order: `CA AA`. */
  readonly acks: string;
  readonly error_code: string | null;
  readonly deliveries: Partial<Record<DeliveryState, number>>;
}

/** Newest first. */
export async function listMessages(db: Queryable, query: MessageQuery): Promise<MessageLine[]> {
  const conditions: string[] = [];
  const values: unknown[] = [];
  const add = (condition: string, value: unknown): void => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition.replace('?', `$${values.length}`));
  };
  add('m.channel = ?', query.channel);
  add('m.state = ?', query.state);
  add('m.type = ?', query.type);
  add('m.control_id = ?', query.control_id);
  add('m.id in (select message_id from search_key where hash = ?)', query.search);
  add('m.received_at >= ?', query.since);
  add('m.received_at < ?', query.until);
  add('m.id < ?', query.before);
  values.push(query.limit);
  const { rows } = await db.query<MessageLine>({
    text: `select m.id, m.received_at, m.channel, m.type, m.control_id, m.version, m.sender, m.state, m.error_code,
             concat_ws(' ', nullif(m.ack_code, ''), nullif(m.application_code, '')) as acks,
             (select coalesce(jsonb_object_agg(state, count), '{}') from
               (select state, count(*) from delivery d where d.message_id = m.id group by state) s) as deliveries
           from message m ${conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''}
           order by m.id desc limit $${values.length}`,
    values,
  });
  return rows;
}
