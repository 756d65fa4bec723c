/** Leases on lanes, with fencing: who works a lane, and which lanes have work. */
import type { Queryable } from './database.ts';

/** A lane of a channel (before routing) or of a destination (after it). */
export interface LaneName {
  readonly kind: 'channel' | 'destination';
  readonly name: string;
  readonly lane: number;
}

/** A lease on a lane. A commit under it must show its fence. */
export interface Lease extends LaneName {
  readonly fence: number;
}

/**
 * Takes the lane for `lease_ms`, with a fence above all before it. Undefined while another owner's lease runs.
 * The owner that has the lease gets a new one at once: its own earlier work under the old fence can't commit then.
 */
export async function takeLease(
  db: Queryable,
  lane: LaneName,
  owner: string,
  lease_ms: number,
): Promise<Lease | undefined> {
  const { rows } = await db.query<{ fence: number }>({
    name: 'take-lease',
    text: `insert into lane as l (kind, name, lane, owner, fence, until)
           values ($1, $2, $3, $4, 1, now() + $5 * interval '1 millisecond')
           on conflict (kind, name, lane) do update
             set owner = excluded.owner, fence = l.fence + 1, until = excluded.until
             where l.owner = excluded.owner or l.until < now()
           returning fence`,
    values: [lane.kind, lane.name, lane.lane, owner, lease_ms],
  });
  const fence = rows[0]?.fence;
  return fence === undefined ? undefined : { ...lane, fence };
}

/** Gives the lane back, if it is still ours. */
export async function returnLease(db: Queryable, lease: Lease): Promise<void> {
  await db.query({
    name: 'return-lease',
    text: `update lane set until = now() where kind = $1 and name = $2 and lane = $3 and fence = $4`,
    values: [lease.kind, lease.name, lease.lane, lease.fence],
  });
}

/**
 * Which of the leases still hold: those whose fence is the lane's. Locks the lanes' rows until the transaction ends
 * (no new lease can be taken meanwhile) and prolongs the leases that hold.
 */
export async function confirmLeases(
  transaction: Queryable,
  leases: readonly Lease[],
  lease_ms: number,
): Promise<Set<Lease>> {
  const { rows } = await transaction.query<{ n: number }>({
    name: 'confirm-leases',
    text: `update lane l set until = now() + $5 * interval '1 millisecond'
           from unnest($1::text[], $2::text[], $3::smallint[], $4::bigint[]) with ordinality as held (kind, name, lane, fence, n)
           where l.kind = held.kind and l.name = held.name and l.lane = held.lane and l.fence = held.fence
           returning held.n::integer as n`,
    values: [
      leases.map((l) => l.kind),
      leases.map((l) => l.name),
      leases.map((l) => l.lane),
      leases.map((l) => l.fence),
      lease_ms,
    ],
  });
  return new Set(rows.map((row) => leases[row.n - 1]!));
}

/** Ends all leases: for an engine that knows that it is alone. */
export async function endLeases(db: Queryable): Promise<void> {
  await db.query({ text: 'update lane set until = now() where until > now()' });
}

/** Lanes that have work now and are not another owner's. Indexes: message_waiting, delivery_open. */
export async function lanesWithWork(db: Queryable, owner: string): Promise<LaneName[]> {
  const { rows } = await db.query<LaneName>({
    name: 'lanes-with-work',
    text: `with work as (
             select 'channel' as kind, channel as name, lane from message where state = 'received' group by channel, lane
             union all
             select 'destination', destination, lane from delivery
             where state in ('pending', 'submitted') or (state = 'held' and next_attempt_at <= now())
             group by destination, lane
           )
           select w.kind, w.name, w.lane from work w
           left join lane l on l.kind = w.kind and l.name = w.name and l.lane = w.lane and l.until > now() and l.owner <> $1
           where l.kind is null`,
    values: [owner],
  });
  return rows;
}
