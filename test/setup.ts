/** Mocha loads this before the tests. */
import { stopPostgres } from './helpers/postgres.ts';
import { stopRedis } from './helpers/redis.ts';

// A promise that nobody waits for is a bug: it ends the run.
process.on('unhandledRejection', (reason) => {
  throw reason;
});

export async function mochaGlobalTeardown(): Promise<void> {
  await Promise.all([stopPostgres(), stopRedis()]);
}
