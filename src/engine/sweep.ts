/**
 * The sweep: wakes every lane that has work and is not being worked. At start it makes the queue whole again after
 * whatever happened to it; afterwards it finds the rare lane whose job was lost.
 */
import type { Log } from '../log.ts';
import { asStoreError, type Pool } from '../store/database.ts';
import { type LaneName, lanesWithWork } from '../store/lanes.ts';

/** How often, unless told otherwise. */
export const SWEEP_MS = 5000;

/** A running sweep. */
export interface Sweep {
  stop(): void;
}

/** Sweeps once before it resolves, and then every few seconds. */
export async function startSweep(options: {
  pool: Pool;
  /** Whose leases are no reason to leave a lane alone: waking a lane that runs here costs nothing. */
  owner: string;
  every_ms: number;
  log: Log;
  wake: (lane: LaneName) => void;
}): Promise<Sweep> {
  const { pool, owner, every_ms, log, wake } = options;
  const once = async (): Promise<void> => {
    for (const lane of await lanesWithWork(pool, owner)) wake(lane);
  };
  await once();
  const timer = setInterval(() => {
    once().catch((error) => log.warn('sweep failed', { reason: (asStoreError(error) as Error).message }));
  }, every_ms);
  return { stop: () => clearInterval(timer) };
}
