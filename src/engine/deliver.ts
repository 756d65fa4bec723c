/**
 * Delivery: the deliveries of a destination's lane, in order per key, different keys side by side. Each is marked as
 * submitted and committed before it is sent, and its answer is committed with the attempt. A key whose delivery fails
 * is held; the others go on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attachment, Attempt, Body, Destination } from '../component.ts';
import type { System } from '../config/configuration.ts';
import { PipehatError } from '../errors.ts';
import type { CanonicalEvent } from '../event.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Drain } from '../queue/lanes.ts';
import type { Keyring } from '../security/keys.ts';
import type { Writer } from '../store/audit.ts';
import type { Pool } from '../store/database.ts';
import {
  type AttemptRecord,
  dueIn,
  type LaneRead,
  type OpenDelivery,
  openDeliveries,
  settleDeliveries,
  submitDeliveries,
} from '../store/deliveries.ts';
import { confirmLeases, type Lease } from '../store/lanes.ts';
import { type PayloadKey, readPayloads } from '../store/payloads.ts';
import { attachmentsOf } from './attachments.ts';
import { exchangeBytes } from './exchange.ts';
import { asProblem } from './fault.ts';
import { createGates, type Gate } from './gate.ts';
import { createGroup } from './group.ts';
import { LEASE_MS, type WithLease } from './lease.ts';
import { eventKey } from './process.ts';
import type { Recent } from './recent.ts';
import { nextState } from './retry.ts';

/** Deliveries of one lane that are under way at once; the destination's own limit of connections holds below it. */
const MOST_UNDER_WAY = 32;

/** Moves of deliveries of all lanes that share a commit. */
const MOST_A_COMMIT = 256;

/** Lanes that are read in one query. */
const MOST_LANES_A_READ = 64;

/** Attachments of one destination that are on their way out at once: so many bytes, or one delivery's. */
const MOST_ATTACHED_BYTES = 32 * 1024 * 1024;

/** While slow deliveries are under way and there is room for more, new ones are looked for this often. */
const LOOK_AGAIN_MS = 25;

/** What delivery works with. */
export interface DeliverOptions {
  readonly pool: Pool;
  readonly writer: Writer;
  readonly keyring: Keyring;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly now: () => Date;
  readonly random: () => number;
  /** Events that were just committed here, by message and number. */
  readonly recentEvents: Recent<CanonicalEvent>;
  readonly withLease: WithLease;
  /** What became of a delivery was committed. */
  readonly changed: (channel: string, message_id: number) => void;
}

/** A move to be committed: about to be sent, or an attempt that ended. */
type Move =
  | { readonly kind: 'submit'; readonly lease: Lease; readonly id: number }
  | { readonly kind: 'settle'; readonly lease: Lease; readonly record: AttemptRecord };

/** Gives each destination the drain of its lanes. */
export function createDeliver(options: DeliverOptions): (system: System, destination: Destination) => Drain {
  const { pool, withLease } = options;
  const group = createGroup<Move, boolean>({
    flush: (moves) => commit(options.writer, moves),
    weigh: () => 1,
    most: MOST_A_COMMIT,
  });
  const commitMove = (move: Move): Promise<boolean> => group.add(move);

  const gateOf = createGates(MOST_ATTACHED_BYTES);
  const reads = createGroup<LaneRead, readonly OpenDelivery[]>({
    flush: (lanes) => openDeliveries(pool, lanes),
    weigh: () => 1,
    most: MOST_LANES_A_READ,
  });

  return (system, destination) => (lane, turn) =>
    withLease({ kind: 'destination', name: system.name, lane }, async (lease, held) => {
      const underWay = new Map<Promise<void>, readonly OpenDelivery[]>();
      const mayGoOn = (): boolean => !turn.stopping() && held();
      let failure: unknown;
      // An earlier drain may have left deliveries held.
      let holding = true;
      const hold = (): void => {
        holding = true;
      };
      let due_in_ms: number | undefined;
      while (mayGoOn() && failure === undefined) {
        const busy = [...underWay.values()].flat();
        const room = MOST_UNDER_WAY - busy.length;
        const found =
          room < MOST_UNDER_WAY / 2 ? [] : await reads.add({ name: system.name, lane, busy, limit: room });
        const [bodies, attachments] = await Promise.all([
          readBodies(options, found),
          attachmentsOf(
            options,
            found.filter((one) => one.attachments > 0).map(({ message_id }) => message_id),
          ),
        ]);
        const gate = gateOf(system.name);
        for (const chain of byKey(found)) {
          const work = { system, destination, lease, bodies, attachments, gate, commitMove, mayGoOn, hold };
          const run = deliverChain(options, work, chain)
            .catch((error: unknown) => {
              failure ??= error;
            })
            .finally(() => underWay.delete(run));
          underWay.set(run, chain);
        }
        // One slow receiver must not keep the other keys of the lane waiting.
        if (underWay.size > 0) await Promise.race([Promise.all(underWay.keys()), sleep(LOOK_AGAIN_MS)]);
        else {
          // The store alone says when: its clock is the one by which held deliveries are read again.
          due_in_ms = holding ? await dueIn(pool, system.name, lane) : undefined;
          holding = due_in_ms !== undefined;
          if (!(await turn.more(due_in_ms))) break;
        }
      }
      await Promise.all(underWay.keys());
      if (failure !== undefined) throw failure;
      return { again: false, wake_in_ms: due_in_ms };
    });
}

/** Deliveries of one key in a list of their own, in order; each delivery without a key alone. */
function byKey(deliveries: readonly OpenDelivery[]): OpenDelivery[][] {
  const chains = new Map<string, OpenDelivery[]>();
  for (const delivery of deliveries) {
    const key = delivery.order_key?.toString('hex') ?? `delivery ${delivery.id}`;
    const chain = chains.get(key);
    if (chain === undefined) chains.set(key, [delivery]);
    else chain.push(delivery);
  }
  return [...chains.values()];
}

/** What a chain of deliveries runs with. */
interface Chain {
  readonly system: System;
  readonly destination: Destination;
  readonly lease: Lease;
  /** Bodies by delivery, opened when they are needed: one that doesn't open must fail alone. */
  readonly bodies: ReadonlyMap<number, () => Body>;
  /** By message. */
  readonly attachments: ReadonlyMap<number, readonly Attachment[]>;
  /** Through which deliveries with attachments go, since a destination may hold all of one in memory. */
  readonly gate: Gate;
  readonly commitMove: (move: Move) => Promise<boolean>;
  readonly mayGoOn: () => boolean;
  /** A delivery is held. */
  readonly hold: () => void;
}

/** Delivers one key's deliveries one after another, and stops at the first that has to wait. */
async function deliverChain(
  options: DeliverOptions,
  chain: Chain,
  deliveries: readonly OpenDelivery[],
): Promise<void> {
  for (const delivery of deliveries) {
    if (!chain.mayGoOn()) return;
    const settled = delivery.state === 'submitted' && !(await settleInterrupted(options, chain, delivery));
    if (settled) return;
    const attached = chain.attachments.get(delivery.message_id) ?? [];
    const leave = await chain.gate.enter(attached.reduce((total, { size }) => total + size, 0));
    try {
      if (!chain.mayGoOn() || !(await deliverOne(options, chain, delivery))) return;
    } finally {
      leave();
    }
  }
}

/** One attempt. True when the next delivery of the key may follow. */
async function deliverOne(options: DeliverOptions, chain: Chain, delivery: OpenDelivery): Promise<boolean> {
  const { metrics, log, now, keyring } = options;
  const { system, lease, commitMove } = chain;
  if (!(await commitMove({ kind: 'submit', lease, id: delivery.id }))) return false;
  const number = delivery.attempts + 1;
  const started_at = now();
  const attempt = await attemptOf(options, chain, delivery, number);
  const ended_at = now();
  const next = nextState(attempt, number, system, options.random());
  const committed = await commitMove({
    kind: 'settle',
    lease,
    record: {
      delivery_id: delivery.id,
      message_id: delivery.message_id,
      number,
      started_at,
      ended_at,
      outcome: attempt.outcome,
      code: attempt.code,
      status: attempt.status,
      says: attempt.says,
      sealed: await keyring.seal('attempt', exchangeBytes(attempt)),
      state: next.state,
      wait_ms: next.wait_ms,
    },
  });
  options.changed(delivery.channel, delivery.message_id);
  if (next.state === 'held') chain.hold();
  if (attempt.outcome === 'accepted') {
    metrics.delivered(delivery.channel, system.name, ended_at.getTime() - delivery.received_at.getTime());
  } else {
    metrics.failed(system.name, attempt.outcome);
    const ids = { delivery_id: delivery.id, message_id: delivery.message_id };
    log.warn('delivery not accepted', {
      ...{ destination: system.name, ...ids, attempt: number },
      ...{ outcome: attempt.outcome, code: attempt.code, state: next.state },
    });
  }
  return committed && (next.state === 'acknowledged' || next.state === 'rejected');
}

/**
 * Hands the delivery to its destination. A body that doesn't open is never sent. A destination answers and doesn't
 * throw; one that does has a fault, and nobody knows what it had sent by then.
 */
async function attemptOf(
  { log }: DeliverOptions,
  { destination, bodies, attachments }: Chain,
  delivery: OpenDelivery,
  number: number,
): Promise<Attempt> {
  const id = String(delivery.id);
  const message_id = String(delivery.message_id);
  let body: Body;
  try {
    body = bodies.get(delivery.id)!();
  } catch (error) {
    return { ...notSent(asProblem(error, log)), outcome: 'permanent' };
  }
  try {
    return await destination.deliver({
      ...{ id, message_id, attempt: number, body },
      attachments: attachments.get(delivery.message_id) ?? [],
    });
  } catch (error) {
    return { ...notSent(asProblem(error, log)), outcome: 'ambiguous' };
  }
}

function notSent(problem: PipehatError): Omit<Attempt, 'outcome'> {
  return { code: problem.code, says: problem.message, request: '', response: '' };
}

/** What each delivery carries: events that were just committed as they are, the rest from the sealed bytes. */
async function readBodies(
  { pool, keyring, recentEvents }: DeliverOptions,
  deliveries: readonly OpenDelivery[],
): Promise<Map<number, () => Body>> {
  const known = deliveries.map(({ message_id, event_number }) =>
    event_number === null ? undefined : recentEvents.get(eventKey(message_id, event_number)),
  );
  const unknown = deliveries.filter((_, i) => known[i] === undefined);
  const sealed = await readPayloads(pool, unknown.map(payloadKey));
  const bytes = new Map(unknown.map(({ id }, i) => [id, sealed[i] ?? Buffer.alloc(0)]));
  return new Map(
    deliveries.map(({ id, event_number, write_types }, i) => [
      id,
      () => {
        if (event_number === null)
          return { kind: 'hl7', text: keyring.open('delivery', bytes.get(id)!).toString() };
        const event =
          known[i] ?? (JSON.parse(keyring.open('event', bytes.get(id)!).toString()) as CanonicalEvent);
        return { kind: 'event', event, write: write_types ?? undefined };
      },
    ]),
  );
}

function payloadKey({ id, message_id, event_number }: OpenDelivery): PayloadKey {
  return event_number === null
    ? { message_id, kind: 'delivery', owner: id }
    : { message_id, kind: 'event', owner: event_number };
}

/**
 * An engine stopped after it had marked the delivery as submitted: the receiver may have it. The system says whether
 * to send it again (the receiver can tell a repetition) or to hold it for a person. True when it may be sent again.
 */
async function settleInterrupted(
  options: DeliverOptions,
  chain: Chain,
  delivery: OpenDelivery,
): Promise<boolean> {
  const at = options.now();
  const { code, message } = new PipehatError('delivery-interrupted');
  const resend = chain.system.unanswered === 'resend';
  const record: AttemptRecord = {
    delivery_id: delivery.id,
    message_id: delivery.message_id,
    number: delivery.attempts,
    started_at: at,
    ended_at: at,
    outcome: 'ambiguous',
    code,
    status: undefined,
    says: message,
    sealed: undefined,
    state: resend ? 'held' : 'ambiguous',
    wait_ms: resend ? 0 : undefined,
  };
  return (await chain.commitMove({ kind: 'settle', lease: chain.lease, record })) && resend;
}

/** Commits moves of any lanes; false for those whose lease was lost meanwhile. */
function commit(writer: Writer, moves: readonly Move[]): Promise<boolean[]> {
  return writer.run(async (transaction) => {
    const confirmed = await confirmLeases(
      transaction,
      [...new Set(moves.map((move) => move.lease))],
      LEASE_MS,
    );
    const allowed = moves.filter((move) => confirmed.has(move.lease));
    const submits = allowed.flatMap((move) => (move.kind === 'submit' ? move.id : []));
    const records = allowed.flatMap((move) => (move.kind === 'settle' ? move.record : []));
    await Promise.all([
      submits.length > 0 && submitDeliveries(transaction, submits),
      records.length > 0 && settleDeliveries(transaction, records),
    ]);
    for (const id of submits) transaction.audit('delivery', id, 'submitted');
    for (const record of records) transaction.audit('delivery', record.delivery_id, record.state);
    return moves.map((move) => confirmed.has(move.lease));
  });
}
