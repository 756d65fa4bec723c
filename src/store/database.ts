/** Connections to PostgreSQL. */
import pg from 'pg';
import { PipehatError } from '../errors.ts';

export type Pool = pg.Pool;
export type Client = pg.PoolClient;

/** Anything that runs a statement: the pool, or a transaction. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(query: pg.QueryConfig): Promise<pg.QueryResult<Row>>;
}

const GENERIC_PLANS = '-c plan_cache_mode=force_generic_plan';

/** `int8` as a number: ids stay far below 2^53. */
const INT8 = 20;

/** Opens a pool. Opens no connection yet. `onError` hears of connections lost while idle. */
export function createPool(options: {
  url: string;
  connections: number;
  name: string;
  /** Statements of one connection may follow each other without waiting: not for LISTEN and not for cursors. */
  pipeline?: boolean;
  /** The schema whose tables are meant; by default that of Pipehat's own. */
  schema?: string;
  onError: (error: Error) => void;
}): Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections,
    application_name: options.name,
    connectionTimeoutMillis: 5000,
    keepAlive: true,
    // A statement goes out without waiting for the answer to the one before it, where the code doesn't wait either.
    pipeline: options.pipeline ?? false,
    // Our statements have one good plan each: planning them anew for each batch took 40 % of PostgreSQL's time.
    options:
      options.schema === undefined ? GENERIC_PLANS : `${GENERIC_PLANS} -c search_path=${options.schema}`,
    types: {
      getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
        oid === INT8
          ? Number
          : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
    },
  });
  pool.on('error', options.onError);
  // Whoever uses a connection when it is lost hears of it by its statement; unheard, the event would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  // BullMQ listens once for each of its queues and workers.
  pool.setMaxListeners(0);
  return pool;
}

/** What `pg` says, without a code, when its connection is gone or can't be had. */
const CONNECTION_LOST =
  /^(Connection terminated|timeout exceeded|timeout expired|Client was closed|Client has encountered)/;

/**
 * Is the store away? SQLSTATE classes 08 (connection), 53 (resources) and 57 (operator intervention), errors of the
 * socket (`ECONNREFUSED`), and a lost connection are `store-unreachable`; everything else is a fault of a statement or
 * of ours, and comes back as it is.
 */
export function asStoreError(cause: unknown): unknown {
  const { code, message = '' } = cause as { code?: unknown; message?: string };
  const named = typeof code === 'string' && /^(E[A-Z]+$|08|53|57)/.test(code);
  if (cause instanceof PipehatError || !(named || CONNECTION_LOST.test(message))) return cause;
  return new PipehatError('store-unreachable', { reason: named ? code : 'connection lost' }, { cause });
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
