/** When to try again to reach a receiver that is away, so that it isn't hammered when it comes back. */
import { setTimeout as sleep } from 'node:timers/promises';

/** The first wait, and the longest. */
const FIRST_MS = 100;
const MOST_MS = 5000;

/** What reconnecting needs. */
export interface ReconnectOptions {
  /** From 0 to 1. */
  readonly random: () => number;
  readonly first_ms?: number;
  readonly most_ms?: number;
}

/** Opens the connections of one pool. */
export interface Reconnect {
  /**
   * Resolves to what `dial` gives. After failures it waits first, each time about twice as long, and only one tries: all
   * others hear what that one heard.
   */
  connect<Connection>(dial: () => Promise<Connection>): Promise<Connection>;
  /** Ends waits: who waits rejects with `reason`. */
  stop(reason: Error): void;
}

/** Nothing has failed yet. */
export function createReconnect({
  random,
  first_ms = FIRST_MS,
  most_ms = MOST_MS,
}: ReconnectOptions): Reconnect {
  const stopped = new AbortController();
  let failures = 0;
  let trial: Promise<unknown> | undefined;

  /** None after one failure: a connection that was closed while idle is no sign of trouble. */
  const wait_ms = (): number =>
    failures < 2 ? 0 : Math.min(most_ms, first_ms * 2 ** (failures - 2)) * (0.5 + random() / 2);

  const rest = async (): Promise<void> => {
    await sleep(wait_ms(), undefined, { signal: stopped.signal }).catch(() => undefined);
    stopped.signal.throwIfAborted();
  };

  const counted = async <Connection>(dialled: Promise<Connection>): Promise<Connection> => {
    const before = failures;
    try {
      const connection = await dialled;
      failures = 0;
      return connection;
    } catch (error) {
      // Those that failed side by side count as one.
      failures = before + 1;
      throw error;
    }
  };

  return {
    async connect(dial) {
      if (trial !== undefined) await trial;
      if (failures === 0) return counted(dial());
      const attempt = rest().then(dial);
      trial = attempt;
      try {
        return await counted(attempt);
      } finally {
        trial = undefined;
      }
    },
    stop: (reason) => stopped.abort(reason),
  };
}
