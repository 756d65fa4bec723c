/** Working a lane under a lease: taken, kept alive while the work runs, given back. */

import type { Log } from '../log.ts';
import type { Drained } from '../queue/lanes.ts';
import { asStoreError, type Pool } from '../store/database.ts';
import { confirmLeases, type LaneName, type Lease, returnLease, takeLease } from '../store/lanes.ts';

/** A lease runs this long unless it is prolonged. A process that stands still for longer has lost its lanes. */
export const LEASE_MS = 15_000;

/** Runs `work` under a lease on `lane`; does nothing when another process has it. `held()` turns false when it is lost. */
export type WithLease = (
  lane: LaneName,
  work: (lease: Lease, held: () => boolean) => Promise<Drained>,
) => Promise<Drained>;

/** `owner` names this process; a restart has another name. */
export function createLeases(options: { pool: Pool; owner: string; log: Log }): WithLease {
  const { pool, owner, log } = options;
  return async (lane, work) => {
    const lease = await takeLease(pool, lane, owner, LEASE_MS);
    if (lease === undefined) return { again: false, wake_in_ms: LEASE_MS };
    let held = true;
    let working = true;
    const prolong = async (): Promise<void> => {
      try {
        held = (await confirmLeases(pool, [lease], LEASE_MS)).size === 1;
        // A lease that was just given back is gone because we wanted it so.
        if (!held && working)
          log.warn('lane lost to another process', { kind: lane.kind, name: lane.name, lane: lane.lane });
      } catch (error) {
        log.warn('lease not prolonged', {
          name: lane.name,
          lane: lane.lane,
          reason: (asStoreError(error) as Error).message,
        });
      }
    };
    const timer = setInterval(() => held && prolong(), LEASE_MS / 3);
    try {
      return await work(lease, () => held);
    } finally {
      working = false;
      clearInterval(timer);
      await returnLease(pool, lease);
    }
  };
}
