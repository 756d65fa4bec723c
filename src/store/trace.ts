/** The whole life of one message, as the store has it. Payloads come sealed. */
import type { ApplicationWay } from './acknowledgements.ts';
import type { Queryable } from './database.ts';
import type { StoredFindings } from './messages.ts';
import type { DeliveryState, MessageState } from './states.ts';

/** The row of `message`. */
export interface TracedMessage {
  readonly id: number;
  readonly tenant: string;
  readonly channel: string;
  readonly state: MessageState;
  readonly lane: number;
  readonly control_id: string;
  readonly type: string;
  readonly structure: string;
  readonly version: string;
  readonly sender: string;
  readonly receiver: string;
  readonly sha256: Buffer;
  readonly size: number;
  readonly attachments: number;
  readonly protocol: string;
  readonly local: string;
  readonly remote: string;
  readonly connection: number;
  readonly received_at: Date;
  readonly ack_code: string;
  readonly application_code: string | null;
  readonly application_error: string | null;
  readonly application_at: Date | null;
  readonly application_way: ApplicationWay | null;
  readonly application_delivery: number | null;
  readonly warning: string | null;
  readonly processed_at: Date | null;
  readonly error_code: string | null;
  readonly error_at: string | null;
  readonly error_says: string | null;
  readonly configuration: Buffer;
  readonly findings: StoredFindings | null;
}

export interface TracedEvent {
  readonly number: number;
  readonly id: string;
  readonly type: string;
  readonly action: string;
  readonly occurred_at: Date | null;
  readonly configuration: Buffer;
  readonly created_at: Date;
}

export interface TracedDelivery {
  readonly id: number;
  readonly event_number: number | null;
  readonly destination: string;
  readonly lane: number;
  readonly write_types: string[] | null;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly next_attempt_at: Date | null;
  readonly error_code: string | null;
  readonly error_says: string | null;
  readonly created_at: Date;
  readonly settled_at: Date | null;
}

export interface TracedAttempt {
  readonly delivery_id: number;
  readonly number: number;
  readonly started_at: Date;
  readonly ended_at: Date;
  readonly outcome: string;
  readonly code: string | null;
  readonly status: string | null;
  readonly says: string | null;
}

export interface TracedPayload {
  readonly kind: 'message' | 'event' | 'delivery' | 'attempt';
  readonly owner: number;
  readonly number: number;
  readonly sealed: Buffer;
}

/** A link of the audit chain that speaks of the message, its events or its deliveries. */
export interface TracedLink {
  readonly chain: string;
  readonly number: number;
  readonly at: Date;
  readonly entries: string;
}

/** Everything about one message. */
export interface StoredTrace {
  readonly message: TracedMessage;
  readonly events: TracedEvent[];
  readonly deliveries: TracedDelivery[];
  readonly attempts: TracedAttempt[];
  readonly payloads: TracedPayload[];
  readonly links: TracedLink[];
}

/** Reads the life of message `id`; undefined when there is none. `payloads` only on request: they may be large. */
export async function readTrace(
  db: Queryable,
  id: number,
  options: { payloads: boolean },
): Promise<StoredTrace | undefined> {
  const rowsOf = async <Row extends object>(text: string): Promise<Row[]> =>
    (await db.query<Row>({ text, values: [id] })).rows;
  const [message] = await rowsOf<TracedMessage>('select * from message where id = $1');
  if (message === undefined) return undefined;
  const events = await rowsOf<TracedEvent>('select * from event where message_id = $1 order by number');
  const deliveries = await rowsOf<TracedDelivery>('select * from delivery where message_id = $1 order by id');
  const attempts = await rowsOf<TracedAttempt>(
    'select * from attempt where message_id = $1 order by started_at, number',
  );
  const payloads = options.payloads
    ? await rowsOf<TracedPayload>('select kind, owner, number, sealed from payload where message_id = $1')
    : [];
  return {
    message,
    events,
    deliveries,
    attempts,
    payloads,
    links: await readLinks(db, message, deliveries, attempts),
  };
}

/**
 * Every entry of the chain is committed with a row that carries a time, so the links are found near those times. Half
 * a minute is more than any commit takes. Index: audit_link_at.
 */
async function readLinks(
  db: Queryable,
  message: TracedMessage,
  deliveries: readonly TracedDelivery[],
  attempts: readonly TracedAttempt[],
): Promise<TracedLink[]> {
  const times = [
    message.received_at,
    message.processed_at,
    message.application_at,
    ...attempts.flatMap((a) => [a.started_at, a.ended_at]),
  ];
  const subjects = [`["message",${message.id},`, ...deliveries.map((d) => `["delivery",${d.id},`)];
  const { rows } = await db.query<TracedLink>({
    text: `select distinct l.chain, l.number, l.at, l.entries
           from unnest($1::timestamptz[]) as t (at), audit_link l
           where l.at between t.at - interval '30 seconds' and t.at + interval '30 seconds'
             and exists (select 1 from unnest($2::text[]) as s (subject) where position(s.subject in l.entries) > 0)
           order by l.at, l.chain, l.number`,
    values: [times.filter((time) => time !== null), subjects],
  });
  return rows;
}
