/**
 * A real PostgreSQL for the tests: one server a run (the one in DATABASE_URL, else an embedded one in a temporary
 * folder), one database a test, copied from a migrated template.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createPool, type Pool } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { startPostgres } from '../../src/store/postgres.ts';

interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

let server: Promise<Server> | undefined;
let databases = 0;

/** A database of its own for one test. */
export interface TestDatabase {
  readonly url: string;
  readonly pool: Pool;
  /** Closes the pool and drops the database. */
  drop(): Promise<void>;
}

const TEMPLATE = `pipehat_template_${process.pid}`;

/** Creates an empty, migrated database. */
export async function createDatabase(): Promise<TestDatabase> {
  server ??= startServer();
  const { url: admin } = await server;
  databases += 1;
  const name = `pipehat_test_${process.pid}_${databases}`;
  await statement(admin, `create database ${name} template ${TEMPLATE}`);
  const url = withDatabase(admin, name);
  const pool = createPool({ url, connections: 12, pipeline: true, name: 'pipehat test', onError: () => {} });
  return {
    url,
    pool,
    async drop() {
      await pool.end();
      await statement(admin, `drop database ${name} with (force)`);
    },
  };
}

/** Stops the server, if any test started one. Called once, after the last test. */
export async function stopPostgres(): Promise<void> {
  await (await server)?.stop();
}

async function startServer(): Promise<Server> {
  const started =
    process.env.TEST_DATABASE_URL === undefined ? await embedded() : given(process.env.TEST_DATABASE_URL);
  await statement(started.url, `create database ${TEMPLATE}`);
  const pool = createPool({
    url: withDatabase(started.url, TEMPLATE),
    connections: 1,
    name: 'pipehat test',
    onError: () => {},
  });
  await migrate(pool);
  await pool.end();
  return started;
}

async function embedded(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'pipehat-test-'));
  const postgres = await startPostgres(folder);
  return {
    url: postgres.url,
    async stop() {
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function given(url: string): Server {
  return { url, stop: () => statement(url, `drop database ${TEMPLATE}`) };
}

async function statement(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** The connection string with another database: `postgres://…/NAME?…`. */
function withDatabase(url: string, name: string): string {
  return url.replace(/^(postgres(?:ql)?:\/\/[^/]*\/)[^?]*/, `$1${name}`);
}
