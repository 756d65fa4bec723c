/** Connections to PostgreSQL. */
import pg from 'pg';
import { PipehatError } from '../errors.ts';

export type Pool = pg.Pool;
export type Client = pg.PoolClient;

/** Anything that runs a statement: the pool, or a transaction. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(query: pg.QueryConfig): Promise<pg.QueryResult<Row>>;
}

/** `int8` as a number: ids stay far below 2^53. */
const INT8 = 20;

/** Opens a pool. Opens no connection yet. `onError` hears of connections lost while idle. */
export function createPool(options: {
  url: string;
  connections: number;
  name: string;
  onError: (error: Error) => void;
}): Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections,
    application_name: options.name,
    connectionTimeoutMillis: 5000,
    keepAlive: true,
    types: {
      getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
        oid === INT8
          ? Number
          : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
    },
  });
  pool.on('error', options.onError);
  // BullMQ listens once for each of its queues and workers.
  pool.setMaxListeners(0);
  return pool;
}

/**
 * SQLSTATE classes 08 (connection), 53 (resources), 57 (operator intervention), and errors without a SQLSTATE (the
 * socket's own) mean that the store isn't there; everything else is a fault of a statement.
 */
export function asStoreError(cause: unknown): unknown {
  if (cause instanceof PipehatError) return cause;
  const code = (cause as { code?: unknown }).code;
  const gone = typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code) || /^(08|53|57)/.test(code);
  if (!gone) return cause;
  const reason = typeof code === 'string' ? code : ((cause as Error).message ?? 'connection lost');
  return new PipehatError('store-unreachable', { reason }, { cause });
}

/** Waits until the database answers, or throws `store-unreachable` after `patience_ms`. */
export async function waitForDatabase(pool: Pool, patience_ms: number): Promise<void> {
  const deadline = performance.now() + patience_ms;
  for (;;) {
    try {
      await pool.query('select 1');
      return;
    } catch (error) {
      if (performance.now() > deadline) throw asStoreError(error);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
