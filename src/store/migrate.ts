/** Schema versions: numbered, forward only, each in a transaction of its own. */
import { readdir, readFile } from 'node:fs/promises';
import { PipehatError } from '../errors.ts';
import type { Pool } from './database.ts';

/** One file of `migrations/`: `0001_foundation.sql` is version 1. */
interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** Any number does that nobody else uses: two engines that start at once migrate one after the other. */
const MIGRATION_LOCK = 0x70697065;

async function readMigrations(): Promise<Migration[]> {
  const folder = new URL('./migrations/', import.meta.url);
  const names = (await readdir(folder)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => ({
      version: Number(name.slice(0, 4)),
      name,
      sql: await readFile(new URL(name, folder), 'utf8'),
    })),
  );
}

/** Brings the schema to the newest version. Gives the names of the migrations applied. Throws `store-newer`. */
export async function migrate(pool: Pool): Promise<string[]> {
  const migrations = await readMigrations();
  const client = await pool.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    try {
      await client.query(
        'create table if not exists migration (version integer primary key, name text not null, applied_at timestamptz not null default now())',
      );
      const done = await versionOf(client);
      const newest = migrations.at(-1)?.version ?? 0;
      if (done > newest) throw new PipehatError('store-newer', { found: done, expected: newest });
      const pending = migrations.filter((migration) => migration.version > done);
      for (const migration of pending) {
        await client.query('begin');
        try {
          await client.query(migration.sql);
          await client.query('insert into migration (version, name) values ($1, $2)', [
            migration.version,
            migration.name,
          ]);
          await client.query('commit');
        } catch (error) {
          await client.query('rollback');
          throw error;
        }
      }
      return pending.map((migration) => migration.name);
    } finally {
      await client.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    }
  } finally {
    client.release();
  }
}

async function versionOf(client: {
  query(sql: string): Promise<{ rows: { version: number | null }[] }>;
}): Promise<number> {
  const { rows } = await client.query('select max(version) as version from migration');
  return rows[0]?.version ?? 0;
}
