/** Where BullMQ keeps its queues: in PostgreSQL by default, in Redis or Valkey when there is one. */
import {
  createPostgresBackend,
  DEFAULT_SCHEMA,
  type Job,
  type JobProgress,
  type PgPool,
  type PostgresConnectionOptions,
  type PostgresQueueBackend,
  type Processor,
  Queue,
  runMigrations,
  Worker,
} from 'bullmq';
import { Redis } from 'ioredis';

/** Makes queues and workers on one backend. */
export interface QueueBackend {
  readonly kind: 'postgres' | 'redis';
  queue(name: string): Queue;
  /** A worker that runs at most `concurrency` jobs at once. It starts at once. */
  worker(name: string, work: (job: Job) => Promise<void>, concurrency: number): Worker;
  /** Resolves when the backend answers. */
  ping(): Promise<void>;
  /** Closes connections of its own. Queues and workers are closed before, by those who made them. */
  close(): Promise<void>;
}

const jobOptions = { removeOnComplete: true, removeOnFail: true } as const;

/**
 * A job whose process died is taken up by another after ten seconds at the most, twice over. A worker whose backend was away
 * looks for it again each second: BullMQ's own 15 would be how long every lane stands still after the shortest outage.
 */
const workerOptions = {
  ...{ lockDuration: 10_000, stalledInterval: 5_000, maxStalledCount: 1_000_000 },
  runRetryDelay: 1000,
} as const;

/** The schema that holds BullMQ's tables; the pool must have it as its search path. */
export const QUEUE_SCHEMA = DEFAULT_SCHEMA;

/**
 * BullMQ on PostgreSQL. The pool stays the caller's, must have {@link QUEUE_SCHEMA} as its search path, and gives each
 * worker one connection of its own for LISTEN.
 */
export async function createPostgresQueues(pool: PgPool): Promise<QueueBackend> {
  const client = await pool.connect();
  try {
    await runMigrations(client);
  } finally {
    client.release();
  }
  const connection: PostgresConnectionOptions = pool;
  // BullMQ's types name the backend in each class; who uses a queue doesn't care which it is.
  return {
    kind: 'postgres',
    queue: (name) =>
      new Queue<
        unknown,
        unknown,
        string,
        unknown,
        unknown,
        string,
        PostgresQueueBackend,
        PostgresConnectionOptions
      >(name, { connection, defaultJobOptions: jobOptions }, createPostgresBackend) as unknown as Queue,
    worker: (name, work, concurrency) =>
      new Worker<unknown, void, string, PostgresQueueBackend, JobProgress, PostgresConnectionOptions>(
        name,
        work as Processor,
        { connection, concurrency, ...workerOptions },
        createPostgresBackend,
      ) as unknown as Worker,
    ping: async () => {
      await pool.query('select 1');
    },
    close: async () => {},
  };
}

/** BullMQ on Redis or Valkey. `prefix` keeps several Pipehats apart on one server. */
export async function createRedisQueues(options: {
  url: string;
  prefix: string;
  onError: (error: Error) => void;
}): Promise<QueueBackend> {
  const { prefix } = options;
  const connect = () => {
    const redis = new Redis(options.url, { maxRetriesPerRequest: null });
    redis.on('error', options.onError);
    return redis;
  };
  const connection = connect();
  return {
    kind: 'redis',
    queue: (name) => new Queue(name, { connection, prefix, defaultJobOptions: jobOptions }),
    worker: (name, work, concurrency) =>
      new Worker(name, work, { connection, prefix, concurrency, ...workerOptions }),
    ping: async () => {
      await connection.ping();
    },
    close: async () => {
      await connection.quit();
    },
  };
}
