/** The whole life of one message, opened: from the bytes that came in to the answers of the receivers. */
import { type ErrorCode, errorDefinition, errors } from '../errors.ts';
import type { CanonicalEvent } from '../event.ts';
import { referenceTo } from '../hl7/lift.ts';
import { readable } from '../hl7/readable.ts';
import type { Keyring } from '../security/keys.ts';
import { type LiftedPart, readLifted } from '../store/attachments.ts';
import type { AuditEntry } from '../store/audit.ts';
import type { Queryable } from '../store/database.ts';
import type { StoredFindings } from '../store/messages.ts';
import { readTrace, type StoredTrace, type TracedPayload } from '../store/trace.ts';
import { type Exchange, readExchange } from './exchange.ts';

/** An error as it was recorded, with what to do about it. */
export interface TraceError {
  readonly code: string;
  readonly says: string;
  readonly advice: string;
  readonly at?: string;
}

/** A place that breaks a rule of validation. Says kinds of things, no values. */
export type TraceFinding = StoredFindings['list'][number];

/** One attempt. `request` and `response` only when bodies were asked for. */
export interface TraceAttempt {
  readonly attempt: number;
  readonly started_at: string;
  readonly ended_at: string;
  readonly outcome: string;
  readonly code?: string;
  readonly status?: string;
  readonly says?: string;
  readonly request?: string;
  readonly response?: string;
}

export interface TraceDelivery {
  readonly id: string;
  readonly destination: string;
  readonly lane: number;
  readonly state: string;
  readonly created_at: string;
  readonly next_attempt_at?: string;
  readonly event?: string;
  readonly attempts: TraceAttempt[];
}

export interface TraceEvent {
  readonly id: string;
  readonly type: string;
  readonly action: string;
  readonly created_at: string;
  readonly config: string;
  /** As `Type/id`. */
  readonly resources: string[];
  /** The zone that was taken for times without an offset; absent where none needed one. */
  readonly time_zone?: string;
  /** The event itself, when bodies were asked for. */
  readonly body?: CanonicalEvent;
}

/** A large part of the message that is kept apart from it: its reference stands in its place in all bodies. */
export interface TraceAttachment {
  readonly reference: string;
  readonly size_bytes: number;
}

/** An entry of the audit chain about this message or one of its deliveries. */
export interface TraceAudit {
  readonly at: string;
  /** Such as `message received` or `delivery 12 submitted`. */
  readonly action: string;
  /** Who did it: a person's name, or the engine's writer. */
  readonly by: string;
}

/** What the sender was told, or is still to be told, once the message had gone further than into the store. */
export interface TraceApplicationAck {
  /** MSA-1; absent while there is none, and where there could be none. */
  readonly code?: string;
  /** Code of the error that it names. */
  readonly error?: string;
  readonly at?: string;
  /** `connection`: over that of the message; `lost`: that was gone; `due`: waits to go to a system; `delivery`: went there. */
  readonly way?: string;
  /** Number of the delivery. */
  readonly delivery?: string;
}

/** Everything. Times are ISO 8601 in UTC. */
export interface Trace {
  readonly id: string;
  readonly channel: string;
  readonly state: string;
  readonly lane: number;
  readonly received_at: string;
  readonly connection: { protocol: string; local: string; remote: string; connection: number };
  readonly sha256: string;
  readonly size_bytes: number;
  readonly type?: string;
  readonly control_id?: string;
  readonly version?: string;
  readonly sender?: string;
  readonly receiver?: string;
  /** MSA-1 of what the sender was told at once; absent where that was nothing. */
  readonly ack?: string;
  readonly application_ack?: TraceApplicationAck;
  readonly warning?: string;
  /** What validation found. */
  readonly findings?: TraceFinding[];
  /** How many findings there were beyond those. */
  readonly more_findings?: number;
  /** The message as received, with references in the places of attachments, read by its character set as well as it goes, when bodies were asked for. */
  readonly body?: string;
  readonly attachments: TraceAttachment[];
  readonly processed_at?: string;
  readonly config: string;
  readonly error?: TraceError;
  readonly events: TraceEvent[];
  readonly deliveries: TraceDelivery[];
  readonly audit: TraceAudit[];
}

/** What is to be told. */
export interface TraceOptions {
  /** Patient data too. */
  readonly bodies: boolean;
  /** Character sets of a channel's messages that name none. */
  readonly charsetOf?: (channel: string) => readonly string[] | undefined;
}

/** The life of message `id`; undefined when there is none. */
export async function traceMessage(
  db: Queryable,
  keyring: Keyring,
  id: number,
  options: TraceOptions,
): Promise<Trace | undefined> {
  const stored = await readTrace(db, id, { payloads: true });
  if (stored === undefined) return undefined;
  const lifted = await readLifted(db, stored.message.attachments > 0 ? [id] : []);
  return tell(stored, lifted.get(id) ?? [], keyring, options);
}

function tell(
  stored: StoredTrace,
  lifted: readonly LiftedPart[],
  keyring: Keyring,
  { bodies, charsetOf }: TraceOptions,
): Trace {
  const { message } = stored;
  const openBytes = (kind: TracedPayload['kind'], owner: number, number: number): Buffer | undefined => {
    const payload = stored.payloads.find((p) => p.kind === kind && p.owner === owner && p.number === number);
    return payload && keyring.open(kind, payload.sealed);
  };
  const open: (...which: Parameters<typeof openBytes>) => string | undefined = (...which) =>
    openBytes(...which)?.toString();
  const received = bodies ? openBytes('message', 0, 0) : undefined;
  return {
    id: String(message.id),
    channel: message.channel,
    state: message.state,
    lane: message.lane,
    received_at: message.received_at.toISOString(),
    connection: {
      protocol: message.protocol,
      local: message.local,
      remote: message.remote,
      connection: message.connection,
    },
    sha256: message.sha256.toString('hex'),
    size_bytes: message.size,
    ...given({ type: message.type, control_id: message.control_id, version: message.version }),
    ...given({ sender: message.sender, receiver: message.receiver }),
    ...given({ ack: message.ack_code, application_ack: applicationAckOf(message) }),
    ...given({
      warning: message.warning,
      body: received && readable(received, charsetOf?.(message.channel)),
    }),
    ...(message.findings === null ? {} : findingsOf(message.findings)),
    attachments: lifted.map(({ id, size }) => ({ reference: referenceTo(id, size), size_bytes: size })),
    ...given({ processed_at: message.processed_at?.toISOString() }),
    config: message.configuration.toString('hex'),
    ...given({ error: errorOf(message) }),
    events: stored.events.map((event) => {
      const body = JSON.parse(open('event', event.number, 0)!) as CanonicalEvent;
      return {
        id: event.id,
        type: event.type,
        action: event.action,
        created_at: event.created_at.toISOString(),
        config: event.configuration.toString('hex'),
        resources: body.entries.map(({ resource }) => `${resource.resourceType}/${resource.id}`),
        ...given({ time_zone: body.time_zone, body: bodies ? body : undefined }),
      };
    }),
    deliveries: stored.deliveries.map((delivery) => ({
      id: String(delivery.id),
      destination: delivery.destination,
      lane: delivery.lane,
      state: delivery.state,
      created_at: delivery.created_at.toISOString(),
      ...given({ next_attempt_at: delivery.next_attempt_at?.toISOString() }),
      ...given({ event: stored.events.find((event) => event.number === delivery.event_number)?.id }),
      attempts: stored.attempts
        .filter((attempt) => attempt.delivery_id === delivery.id)
        .map((attempt) => ({
          attempt: attempt.number,
          started_at: attempt.started_at.toISOString(),
          ended_at: attempt.ended_at.toISOString(),
          outcome: attempt.outcome,
          ...given({ code: attempt.code, status: attempt.status, says: attempt.says }),
          ...(bodies ? exchangeOf(openBytes('attempt', delivery.id, attempt.number)) : {}),
        })),
    })),
    audit: stored.links.flatMap((link) => auditOf(stored, link)),
  };
}

function applicationAckOf(message: StoredTrace['message']): TraceApplicationAck | undefined {
  const { application_code, application_error, application_at, application_way } = message;
  if (application_code === null && application_way === null) return undefined;
  return given({
    ...{ code: application_code, error: application_error, way: application_way },
    at: application_at?.toISOString(),
    delivery: message.application_delivery?.toString(),
  });
}

function exchangeOf(payload: Buffer | undefined): Partial<Exchange> {
  return payload === undefined ? {} : readExchange(payload);
}

function findingsOf({ list, more }: StoredFindings): Pick<Trace, 'findings' | 'more_findings'> {
  return { findings: [...list], ...(more > 0 ? { more_findings: more } : {}) };
}

function errorOf(message: StoredTrace['message']): TraceError | undefined {
  if (message.error_code === null) return undefined;
  const advice = message.error_code in errors ? errorDefinition(message.error_code as ErrorCode).advice : '';
  return {
    code: message.error_code,
    says: message.error_says ?? '',
    advice,
    ...given({ at: message.error_at }),
  };
}

/** Entries of one link that are about this message. */
function auditOf(stored: StoredTrace, link: StoredTrace['links'][number]): TraceAudit[] {
  const deliveries = new Set(stored.deliveries.map((delivery) => delivery.id));
  const entries = JSON.parse(link.entries) as AuditEntry[];
  return entries.flatMap(([kind, id, what, by]) => {
    const ours =
      kind === 'message' ? id === stored.message.id : kind === 'delivery' && deliveries.has(Number(id));
    if (!ours) return [];
    const action = kind === 'message' ? `message ${what}` : `delivery ${id} ${what}`;
    return [{ at: link.at.toISOString(), action, by: by ?? `${link.chain} #${link.number}` }];
  });
}

/** The entries that have a value: what isn't known is left out, not null. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], null | undefined | ''> } {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== ''),
  ) as never;
}
