/**
 * Who works with a data folder, and is anybody else on this database: advisory locks that end with the process, however
 * it ends.
 */
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { PipehatError } from '../errors.ts';
import type { Client, Pool } from './database.ts';

/** Any number does that nobody else uses. */
const ENGINES = 0x70686174;

/** This process's place on the database. */
export interface Instance {
  /** No other engine was on this database when this one came. */
  readonly alone: boolean;
  leave(): Promise<void>;
}

/** What an instance tells of its locks. */
export interface InstanceOptions {
  readonly folder: string;
  /** Tells machines apart. */
  readonly host: string;
  /** The connection that held the locks broke: they are taken again as soon as the database answers. */
  readonly onLost: () => void;
  /** They are held again. */
  readonly onBack: () => void;
}

/** How often lost locks are asked for. */
const RETAKE_MS = 1000;

/** Takes the data folder. Throws `store-in-use` when another process has it. */
export async function enterDatabase(pool: Pool, options: InstanceOptions): Promise<Instance> {
  let leaving = false;
  const first = await takeLocks(pool, options);
  let { client } = first;

  const watch = (): void => {
    client.once('error', () => {
      if (leaving) return;
      options.onLost();
      retake();
    });
  };
  const retake = async (): Promise<void> => {
    while (!leaving) {
      await setTimeout(RETAKE_MS, undefined, { ref: false });
      const taken = await takeLocks(pool, options).catch(() => undefined);
      if (taken === undefined) continue;
      if (leaving) return taken.client.release(true);
      client = taken.client;
      watch();
      return options.onBack();
    }
  };

  watch();
  return {
    alone: first.alone,
    async leave() {
      leaving = true;
      client.release(true);
    },
  };
}

async function takeLocks(
  pool: Pool,
  { host, folder }: InstanceOptions,
): Promise<{ client: Client; alone: boolean }> {
  const folderKey = createHash('sha256').update(`${host}|${folder}`).digest().readInt32BE(0);
  const client = await pool.connect();
  const lock = async (call: string, values: number[]): Promise<boolean> => {
    const { rows } = await client.query<{ locked: boolean }>(`select ${call} as locked`, values);
    return rows[0]?.locked ?? false;
  };
  try {
    if (!(await lock('pg_try_advisory_lock($1, $2)', [ENGINES, folderKey]))) {
      throw new PipehatError('store-in-use', { pid: await holderOf(client, folderKey), folder });
    }
    // Every engine holds this lock shared; only one that is alone can have it exclusively first.
    const alone = await lock('pg_try_advisory_lock($1)', [ENGINES]);
    await client.query('select pg_advisory_lock_shared($1)', [ENGINES]);
    if (alone) await client.query('select pg_advisory_unlock($1)', [ENGINES]);
    return { client, alone };
  } catch (error) {
    client.release(true);
    throw error;
  }
}

/** The process id of the engine that holds the folder: engines put it into their connections' names. */
async function holderOf(client: Client, folderKey: number): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `select a.application_name as name from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.classid::bigint = $1 and l.objid::bigint = $2::bigint & 4294967295 and l.granted`,
    [ENGINES, folderKey],
  );
  return /\d+/.exec(rows[0]?.name ?? '')?.[0] ?? 'unknown';
}

/** Has another process connections to this database? Every Pipehat names its connections after its process. */
export async function isUsedByOthers(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ used: boolean }>(
    `select count(*) > 0 as used from pg_stat_activity
     where application_name like 'pipehat %' and application_name not in ($1, $2)`,
    [`pipehat ${process.pid}`, `pipehat queues ${process.pid}`],
  );
  return rows[0]?.used ?? false;
}
