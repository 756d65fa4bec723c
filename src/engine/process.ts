/**
 * Processing: the messages of a channel's lane, in order, through the channel, and what comes of them into the store.
 * What a message became, its event and its deliveries are committed together, under the lane's lease.
 */
import type { PipehatError } from '../errors.ts';
import type { CanonicalEvent } from '../event.ts';
import type { Message } from '../hl7/message.ts';
import { gather, putBack } from '../hl7/put-back.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { type Channel, type Outgoing, runChannel } from '../pipeline/channel.ts';
import { readReceived } from '../pipeline/read.ts';
import type { Drain } from '../queue/lanes.ts';
import type { Keyring } from '../security/keys.ts';
import type { Writer } from '../store/audit.ts';
import type { Pool } from '../store/database.ts';
import { type NewDelivery, type NewEvent, storeDeliveries, storeEvents } from '../store/deliveries.ts';
import { confirmLeases, type Lease } from '../store/lanes.ts';
import {
  type MessageOutcome,
  settleMessages,
  type WaitingMessage,
  waitingMessages,
} from '../store/messages.ts';
import { readPayloads } from '../store/payloads.ts';
import { uuidOf } from '../uuid.ts';
import { attachmentsOf } from './attachments.ts';
import { asProblem } from './fault.ts';
import { createGroup } from './group.ts';
import { LEASE_MS, type WithLease } from './lease.ts';
import type { Recent } from './recent.ts';

/** Messages of one lane that are mapped before others get their turn: about 10 ms of work. */
const BATCH = 32;

/** Messages of all lanes that share a commit. */
const MOST_A_COMMIT = 256;

/** Lanes that are read in one query. */
const MOST_LANES_A_READ = 64;

/** A drain gives its lane back after this long, so that a busy lane doesn't keep a worker for ever. */
const SLICE_MS = 5000;

/** What processing works with. */
export interface ProcessOptions {
  readonly pool: Pool;
  readonly writer: Writer;
  readonly keyring: Keyring;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly now: () => Date;
  readonly tenant: string;
  readonly time_zone: string;
  /** Content hash of the configuration in force. */
  readonly configuration: Buffer;
  readonly withLease: WithLease;
  /** Messages that intake has just committed, by id. */
  readonly recentMessages: Recent<Message>;
  /** Events that are committed here, by message and number, for the destinations that are woken next. */
  readonly recentEvents: Recent<CanonicalEvent>;
  /** How many lanes a destination has. */
  readonly lanesOf: (destination: string) => number;
  /** Deliveries were committed into this lane of the destination. */
  readonly wake: (destination: string, lane: number) => void;
  /** What became of a message was committed. */
  readonly changed: (channel: string, message_id: number) => void;
}

/** What came of one message, ready to be committed. */
interface Processed {
  readonly outcome: MessageOutcome;
  readonly event: NewEvent | undefined;
  readonly deliveries: readonly NewDelivery[];
}

/** What came of a batch, and the lease under which it may be committed. */
interface Batch {
  readonly lease: Lease;
  readonly processed: readonly Processed[];
}

/** Gives each channel the drain of its lanes. */
export function createProcess(options: ProcessOptions): (channel: Channel) => Drain {
  const { pool, withLease } = options;
  const group = createGroup<Batch, boolean>({
    flush: (batches) => commit(options, batches),
    weigh: (batch) => batch.processed.length,
    most: MOST_A_COMMIT,
  });

  const reads = createGroup<{ channel: string; lane: number }, readonly WaitingMessage[]>({
    flush: (lanes) => waitingMessages(pool, lanes, BATCH),
    weigh: () => 1,
    most: MOST_LANES_A_READ,
  });

  return (channel) => (lane, turn) =>
    withLease({ kind: 'channel', name: channel.name, lane }, async (lease, held) => {
      const end = performance.now() + SLICE_MS;
      while (!turn.stopping() && held()) {
        if (performance.now() > end) return { again: true };
        const waiting = await reads.add({ channel: channel.name, lane });
        if (waiting.length > 0) {
          const messages = await readMessages(options, channel, waiting);
          const processed = await Promise.all(
            waiting.map((row, i) => processMessage(options, channel, row, messages[i]!)),
          );
          if (!(await group.add({ lease, processed }))) break;
          for (const one of processed) report(options, channel, one);
        }
        if (waiting.length < BATCH && !(await turn.more())) break;
      }
      return { again: false };
    });
}

/** Counts a message that was committed, wakes the lanes of its deliveries, and tells who waits for it. */
function report(
  { metrics, log, wake, changed }: ProcessOptions,
  channel: Channel,
  { outcome, deliveries }: Processed,
): void {
  metrics.processed(channel.name, outcome.state);
  if (outcome.error_code !== undefined) {
    const facts = { channel: channel.name, message_id: outcome.id, code: outcome.error_code };
    log.warn('message failed in its channel', facts);
  }
  for (const delivery of deliveries) wake(delivery.destination, delivery.lane);
  changed(channel.name, outcome.id);
}

/** The message, or what opens it: a message that doesn't open must fail alone. */
type Opened = () => Message | Promise<Message>;

/** The messages of a batch: those that intake has just committed as they are, the others from their sealed bytes. */
async function readMessages(
  { pool, keyring, recentMessages }: ProcessOptions,
  channel: Channel,
  waiting: readonly WaitingMessage[],
): Promise<Opened[]> {
  const known = waiting.map(({ id }) => recentMessages.get(String(id)));
  const unknown = waiting.filter((_, i) => known[i] === undefined);
  const keys = unknown.map(({ id }) => ({ message_id: id, kind: 'message', owner: 0 }) as const);
  const sealed = new Map((await readPayloads(pool, keys)).map((bytes, i) => [unknown[i]!.id, bytes]));
  const withText = readsText(channel) ? unknown.filter(({ attachments }) => attachments > 0) : [];
  const attachments = await attachmentsOf(
    { pool, keyring },
    withText.map(({ id }) => id),
  );
  return waiting.map(({ id }, i) => {
    const message = known[i];
    recentMessages.forget(String(id));
    if (message !== undefined) return () => message;
    return async () => {
      const stored = keyring.open('message', sealed.get(id) ?? Buffer.alloc(0));
      const lifted = attachments.get(id) ?? [];
      const hasText = lifted.some(({ base64 }) => !base64);
      const bytes = hasText ? await gather(putBack(stored, lifted, ({ base64 }) => base64)) : stored;
      return readReceived(channel.accept, bytes).message;
    };
  });
}

/**
 * Does anything in the channel look into the text of a message? Then text that was lifted out is put back first: a
 * condition must see it, and a mapping must unescape it. Base64 stays a reference.
 */
function readsText({ steps, routes }: Channel): boolean {
  return steps.length > 0 || routes.some(({ when }) => when !== undefined);
}

/** Runs one message through its channel. An error is an outcome: it fails this message and no other. */
async function processMessage(
  options: ProcessOptions,
  channel: Channel,
  waiting: WaitingMessage,
  open: Opened,
): Promise<Processed> {
  const { tenant, configuration } = options;
  const settled = (state: MessageOutcome['state'], error?: PipehatError): MessageOutcome => ({
    id: waiting.id,
    state,
    error_code: error?.code,
    error_at: error?.at,
    error_says: error?.message,
    configuration,
  });
  try {
    const result = runChannel(channel, await open(), {
      message_id: uuidOf(`pipehat|message|${tenant}|${waiting.id}`),
      received_at: waiting.received_at.toISOString(),
      payload_hash: waiting.sha256.toString('hex'),
      tenant,
      time_zone: options.time_zone,
      config: configuration.toString('hex'),
      order_key: waiting.order_key?.toString('hex'),
    });
    if (result.state === 'filtered')
      return { outcome: settled('filtered'), event: undefined, deliveries: [] };
    const number = waiting.events + 1;
    return {
      outcome: settled('processed'),
      event: result.event && (await newEvent(options, waiting, number, result.event)),
      deliveries: await Promise.all(
        result.deliveries.map((delivery) => newDelivery(options, waiting, number, delivery)),
      ),
    };
  } catch (error) {
    return { outcome: settled('failed', asProblem(error, options.log)), event: undefined, deliveries: [] };
  }
}

async function newEvent(
  { keyring, configuration, recentEvents }: ProcessOptions,
  waiting: WaitingMessage,
  number: number,
  event: CanonicalEvent,
): Promise<NewEvent> {
  const bytes = Buffer.from(JSON.stringify(event));
  recentEvents.keep(eventKey(waiting.id, number), event, bytes.length);
  return {
    message_id: waiting.id,
    number,
    id: event.id,
    type: event.type,
    action: event.action,
    occurred_at: event.occurred_at,
    configuration,
    sealed: await keyring.seal('event', bytes),
  };
}

/** By what an event is kept for its destinations. */
export function eventKey(message_id: number, number: number): string {
  return `${message_id}/${number}`;
}

/** Deliveries keep the order key of their message; one without a key goes where its message's number sends it. */
async function newDelivery(
  options: ProcessOptions,
  waiting: WaitingMessage,
  number: number,
  outgoing: Outgoing,
): Promise<NewDelivery> {
  const { body, system } = outgoing;
  const lanes = options.lanesOf(system);
  return {
    message_id: waiting.id,
    event_number: body.kind === 'event' ? number : undefined,
    sealed: body.kind === 'hl7' ? await options.keyring.seal('delivery', Buffer.from(body.text)) : undefined,
    destination: system,
    lane: (waiting.order_key?.readUInt16BE(0) ?? waiting.id) % lanes,
    order_key: waiting.order_key,
    write_types: body.kind === 'event' ? body.write : undefined,
  };
}

/** Commits batches of any lanes; false for those whose lease was lost meanwhile. */
function commit(options: ProcessOptions, batches: readonly Batch[]): Promise<boolean[]> {
  const at = options.now();
  return options.writer.run(async (transaction) => {
    const leases = batches.map((batch) => batch.lease);
    const confirmed = await confirmLeases(transaction, leases, LEASE_MS);
    const processed = batches
      .filter((batch) => confirmed.has(batch.lease))
      .flatMap((batch) => batch.processed);
    if (processed.length > 0) {
      const deliveries = processed.flatMap((one) => one.deliveries);
      const [ids] = await Promise.all([
        storeDeliveries(transaction, deliveries, at),
        storeEvents(
          transaction,
          processed.flatMap((one) => one.event ?? []),
          at,
        ),
        settleMessages(
          transaction,
          processed.map((one) => one.outcome),
          at,
        ),
      ]);
      for (const { outcome } of processed) transaction.audit('message', outcome.id, outcome.state);
      for (const id of ids) transaction.audit('delivery', id, 'pending');
    }
    return leases.map((lease) => confirmed.has(lease));
  });
}
