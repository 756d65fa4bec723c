/**
 * Lanes on BullMQ. A job says "lane 7 of this queue has work" and nothing else: no message, no id of one. It is
 * deduplicated per lane, so a lane has at most one job waiting and one running, over all processes.
 *
 * The queue is never the only place that knows of work: lanes are swept from the store (see engine/sweep.ts), so a
 * queue that is lost whole costs a few seconds and nothing else.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, Queue, Worker } from 'bullmq';
import type { Log } from '../log.ts';
import type { QueueBackend } from './backend.ts';

/** A drain's turn at a lane. */
export interface Turn {
  /** The process is about to end: finish what is under way, begin nothing. */
  stopping(): boolean;
  /**
   * To be asked when the lane looks empty. True when work was announced since the last time it was asked, or is within
   * {@link LINGER_MS}, or when what waits in the lane is due by then (in `due_in_ms`): look again. False: give the lane back.
   */
  more(due_in_ms?: number): Promise<boolean>;
}

/** Works a lane until nothing more comes. Never called twice at once for one lane in one process. */
export type Drain = (lane: number, turn: Turn) => Promise<Drained>;

/** What a drain leaves behind. */
export interface Drained {
  /** There is more to do now, in another turn. */
  readonly again: boolean;
  /** The first of the deliveries that it leaves held is due then. */
  readonly wake_in_ms?: number | undefined;
}

/** The lanes of one channel or destination. */
export interface Lanes {
  /** There is work in the lane. Cheap: a lane that runs here, or was woken a moment ago, costs no queue operation. */
  wake(lane: number): void;
  /** Takes no new job, lets drains end, closes. */
  stop(): Promise<void>;
  /** For Bull Board. */
  readonly queue: Queue;
}

/**
 * How long a drained lane stays in hand, waiting for more, before its job ends: under load a lane then runs on
 * without a queue operation a message (PostgreSQL takes about 1,500 job runs a second, all lanes together).
 */
const LINGER_MS = 100;

/** Wakes of a lane that doesn't run here are joined within this time; the last one is never lost. */
const JOIN_MS = 100;

/** Trouble of one queue is logged at most this often. */
const TROUBLE_EVERY_MS = 10_000;

/** A drain that failed begins again after this long. */
const AGAIN_MS = 500;

/** A lane that is being drained here. */
interface Running {
  /** Work was announced. */
  more: boolean;
  /** What the drain waits on while it lingers. */
  wait: PromiseWithResolvers<void> | undefined;
}

/** Names a queue. BullMQ allows no colon. */
export function queueName(kind: 'channel' | 'destination', name: string): string {
  return `${kind}.${name}`;
}

/** Starts the workers of `lanes` lanes. */
export async function startLanes(options: {
  backend: QueueBackend;
  name: string;
  lanes: number;
  drain: Drain;
  log: Log;
  /** Throw away what is in the queue: jobs of a process that is gone would hold their lanes until they count as stalled. */
  clear: boolean;
}): Promise<Lanes> {
  const { backend, name, drain, log } = options;
  const queue = backend.queue(name);
  if (options.clear) await queue.obliterate({ force: true });
  const running = new Map<number, Running>();
  const joined = new Map<number, { timer: NodeJS.Timeout; again: boolean }>();
  const later = new Map<number, NodeJS.Timeout>();
  let stopping = false;

  // While the backend is away, BullMQ reports it ten times a second, for each queue.
  const onTrouble = seldom((error: Error) =>
    log.warn('queue trouble', { queue: name, reason: error.name, says: error.message }),
  );
  const stopped = seldom((error: Error) =>
    log.error('lane stopped by an error', { queue: name, reason: error.name, says: error.message }),
  );

  const add = (lane: number): void => {
    const deduplication = { id: `lane-${lane}`, keepLastIfActive: true };
    queue.add('lane', { lane }, { deduplication }).catch((error: Error) => {
      log.warn('lane not woken, the sweep will', { queue: name, lane, reason: error.name });
    });
  };

  /** Wakes the lane then. Should this process end before, the sweep of another does it. */
  const wakeLater = (lane: number, wait_ms: number): void => {
    clearTimeout(later.get(lane));
    later.set(
      lane,
      setTimeout(() => wake(lane), wait_ms),
    );
  };

  const wake = (lane: number): void => {
    const here = running.get(lane);
    if (here !== undefined) {
      here.more = true;
      here.wait?.resolve();
      return;
    }
    const before = joined.get(lane);
    if (before !== undefined) {
      before.again = true;
      return;
    }
    add(lane);
    const timer = setTimeout(() => {
      const again = joined.get(lane)?.again ?? false;
      joined.delete(lane);
      if (again && !stopping) wake(lane);
    }, JOIN_MS);
    joined.set(lane, { timer, again: false });
  };

  const more = async (state: Running, due_in_ms = Number.POSITIVE_INFINITY): Promise<boolean> => {
    if (!state.more && !stopping) {
      state.wait = Promise.withResolvers();
      const timer = setTimeout(state.wait.resolve, Math.min(LINGER_MS, due_in_ms));
      await state.wait.promise;
      clearTimeout(timer);
      state.wait = undefined;
    }
    const announced = state.more || due_in_ms <= LINGER_MS;
    state.more = false;
    return announced && !stopping;
  };

  /**
   * A drain that fails is begun again by this same job: mostly the store is away. A job that failed then could not say so to
   * a queue that is in the same database, and would keep its lane from everybody until it counts as stalled.
   */
  const drainUntilDone = async (lane: number, state: Running): Promise<Drained> => {
    const turn: Turn = { stopping: () => stopping, more: (due_in_ms) => more(state, due_in_ms) };
    for (;;) {
      try {
        return await drain(lane, turn);
      } catch (error) {
        if (stopping) throw error;
        stopped(error as Error);
        await sleep(AGAIN_MS);
      }
    }
  };

  const work = async (job: Job<{ lane: number }>): Promise<void> => {
    const { lane } = job.data;
    if (running.has(lane)) return;
    const state: Running = { more: false, wait: undefined };
    running.set(lane, state);
    try {
      const left = await drainUntilDone(lane, state);
      // A wake that comes after this line adds a job; BullMQ keeps it until this one has ended.
      running.delete(lane);
      if (left.again || state.more) add(lane);
      else if (left.wake_in_ms !== undefined) wakeLater(lane, left.wake_in_ms);
    } finally {
      running.delete(lane);
    }
  };

  queue.on('error', onTrouble);
  const worker: Worker = backend.worker(name, work, options.lanes);
  worker.on('error', onTrouble);
  worker.on('failed', (_job, error) => stopped(error));
  await worker.waitUntilReady();
  return {
    queue,
    wake,
    async stop() {
      stopping = true;
      for (const { timer } of joined.values()) clearTimeout(timer);
      for (const timer of later.values()) clearTimeout(timer);
      for (const state of running.values()) state.wait?.resolve();
      await worker.close();
      await queue.close();
    },
  };
}

/** `report`, but not again for {@link TROUBLE_EVERY_MS}. */
function seldom(report: (error: Error) => void): (error: Error) => void {
  let quietUntil_ms = 0;
  return (error) => {
    if (performance.now() < quietUntil_ms) return;
    quietUntil_ms = performance.now() + TROUBLE_EVERY_MS;
    report(error);
  };
}
