/** Log lines about what may happen a thousand times a second: one for each burst. */
import type { Facts, Log } from '../log.ts';

/** After so long, the same thing is said again. */
const QUIET_MS = 60_000;

/** Says something once in a burst; the next line for the same `what` tells how many were not said. */
export type Bursts = (what: string, says: string, facts: Facts) => void;

/** Warns through `log`. */
export function createBursts(log: Log, now: () => number = performance.now.bind(performance)): Bursts {
  const bursts = new Map<string, { said: number; unsaid: number }>();
  return (what, says, facts) => {
    const burst = bursts.get(what);
    if (burst !== undefined && now() - burst.said < QUIET_MS) {
      burst.unsaid++;
      return;
    }
    log.warn(says, { ...facts, ...(burst?.unsaid ? { not_said: burst.unsaid } : {}) });
    bursts.set(what, { said: now(), unsaid: 0 });
  };
}
