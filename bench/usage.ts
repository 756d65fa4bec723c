/** What a system under test has used so far: itself, and the PostgreSQL that works for it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from '../src/store/database.ts';

/** Since the start of the process, and of its PostgreSQL. */
export interface Usage {
  readonly cpu_ms: number;
  /** Undefined where there is no `/proc`. */
  readonly postgres_cpu_ms: number | undefined;
  readonly transactions: number;
  readonly wal_bytes: number;
  readonly rss_bytes: number;
  readonly peak_rss_bytes: number;
}

/** Ticks of `/proc/PID/stat` are 10 ms wherever Linux runs today (USER_HZ). */
const MS_A_TICK = 10;

/** Statistics of PostgreSQL's backends show up a second late at most. */
const STATISTICS = `
  select pg_current_wal_insert_lsn() - '0/0' as wal_bytes,
    (select sum(xact_commit) from pg_stat_database)::float8 as transactions`;

/** `folder` is the data folder given to the embedded PostgreSQL. */
export async function readUsage(pool: Pool, folder: string): Promise<Usage> {
  const { rows } = await pool.query<{ wal_bytes: string; transactions: number }>(STATISTICS);
  const { wal_bytes, transactions } = rows[0]!;
  const { user, system } = process.cpuUsage();
  return {
    cpu_ms: (user + system) / 1000,
    postgres_cpu_ms: process.platform === 'linux' ? postgresCpu_ms(folder) : undefined,
    transactions,
    wal_bytes: Number(wal_bytes),
    rss_bytes: process.memoryUsage.rss(),
    peak_rss_bytes: process.resourceUsage().maxRSS * 1024,
  };
}

/** The most memory that this process had since {@link resetPeak}; undefined where there is no `/proc`. */
export function readPeak(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;
}

/** From here on, the peak counts from what is in use now (proc(5), clear_refs), which this gives. */
export function resetPeak(): number | undefined {
  if (process.platform === 'linux') writeFileSync('/proc/self/clear_refs', '5');
  return readPeak();
}

/** Of the postmaster, of its children, and of those of its children that have ended. */
function postgresCpu_ms(folder: string): number {
  const postmaster = readFileSync(join(folder, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n')[0]!;
  const ticks = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      const fields = statOf(pid);
      if (pid === postmaster) return sum(fields.slice(11, 15));
      return fields[1] === postmaster ? sum(fields.slice(11, 13)) : 0;
    });
  return sum(ticks) * MS_A_TICK;
}

/** Fields 3 and on of `/proc/PID/stat` (proc(5)): state, ppid, …; 11 to 14 here are utime, stime, cutime, cstime. */
function statOf(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return []; // The process ended since the folder was listed.
  }
}

function sum(numbers: readonly (number | string)[]): number {
  return numbers.reduce<number>((total, number) => total + Number(number), 0);
}
