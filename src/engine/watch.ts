/**
 * Waiting until a message was processed or delivered. Who commits such a step here says so at once; what another process
 * commits is found by looking.
 */
import type { Standing } from '../store/acknowledgements.ts';
import { asStoreError } from '../store/database.ts';
import { createGroup } from './group.ts';
import { type LaterStage, verdictOf } from './verdict.ts';

/** Tells how messages come along. */
export interface Watch {
  /**
   * Resolves to how message `id` stands as soon as it has come as far as `stage`, or else after `timeout_ms`; undefined when
   * it is no longer kept. Rejects with `store-unreachable`. `known`: it may be there already.
   */
  wait(id: number, stage: LaterStage, timeout_ms: number, known: boolean): Promise<Standing | undefined>;
  /** Something of the message was committed. Costs nothing where nobody waits for it. */
  changed(id: number): void;
  /** Everybody's time is up after `within_ms`, and nobody waits any more. */
  stop(within_ms: number): void;
}

/** How often those that wait are looked for. */
const LOOK_EVERY_MS = 1000;

/** Messages that are looked for in one query. */
const MOST_A_READ = 500;

interface Waiting extends PromiseWithResolvers<Standing | undefined> {
  readonly stage: LaterStage;
  readonly end: NodeJS.Timeout;
}

/** `read` gives how messages stand, by id. */
export function createWatch(options: {
  read: (ids: readonly number[]) => Promise<ReadonlyMap<number, Standing>>;
}): Watch {
  const waiting = new Map<number, Set<Waiting>>();
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let stopped = false;

  const reads = createGroup<number, Standing | undefined>({
    flush: async (ids) => {
      const standings = await options.read([...new Set(ids)]);
      return ids.map((id) => standings.get(id));
    },
    weigh: () => 1,
    most: MOST_A_READ,
  });

  const leave = (id: number, waiter: Waiting): void => {
    clearTimeout(waiter.end);
    const others = waiting.get(id);
    others?.delete(waiter);
    if (others?.size === 0) waiting.delete(id);
    if (waiting.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  /** Looks once; whoever has what he waits for, or is `late`, goes. */
  const look = async (id: number, late?: Waiting): Promise<void> => {
    try {
      const standing = await reads.add(id);
      for (const waiter of [...(waiting.get(id) ?? [])]) {
        const there = standing !== undefined && verdictOf(standing, waiter.stage) !== undefined;
        if (!there && waiter !== late) continue;
        leave(id, waiter);
        waiter.resolve(standing);
      }
    } catch (error) {
      for (const waiter of [...(waiting.get(id) ?? [])]) {
        leave(id, waiter);
        waiter.reject(asStoreError(error));
      }
    }
  };

  const lookAtAll = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    await Promise.all([...waiting.keys()].map((id) => look(id)));
    looking = false;
  };

  return {
    wait(id, stage, timeout_ms, known) {
      const end = setTimeout(() => look(id, waiter), stopped ? 0 : timeout_ms);
      const waiter: Waiting = { stage, end, ...Promise.withResolvers<Standing | undefined>() };
      const others = waiting.get(id) ?? new Set();
      waiting.set(id, others.add(waiter));
      timer ??= setInterval(lookAtAll, LOOK_EVERY_MS);
      if (known) look(id);
      return waiter.promise;
    },
    changed(id) {
      if (waiting.has(id)) look(id);
    },
    stop(within_ms) {
      stopped = true;
      setTimeout(() => {
        for (const [id, waiters] of waiting) for (const waiter of waiters) look(id, waiter);
      }, within_ms);
    },
  };
}
