/** A real Redis (or Valkey) for the tests: the one in TEST_REDIS_URL, else one started for this run. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

interface Server {
  readonly url: string;
  stop(): void;
}

let server: Promise<Server> | undefined;

/** Is there one to run? In CI there must be. */
export function hasRedis(): boolean {
  return process.env.TEST_REDIS_URL !== undefined || program() !== undefined || process.env.CI !== undefined;
}

/** The URL of an empty server. */
export async function redisUrl(): Promise<string> {
  server ??= startServer();
  const { url } = await server;
  const redis = new Redis(url);
  await redis.flushall();
  await redis.quit();
  return url;
}

/** Stops the server, if any test started one. Called once, after the last test. */
export async function stopRedis(): Promise<void> {
  (await server)?.stop();
}

function program(): string | undefined {
  for (const name of ['redis-server', 'valkey-server']) {
    try {
      return execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

async function startServer(): Promise<Server> {
  if (process.env.TEST_REDIS_URL !== undefined) return { url: process.env.TEST_REDIS_URL, stop: () => {} };
  const found = program();
  if (found === undefined)
    throw new Error('no redis-server and no valkey-server: install one, or set TEST_REDIS_URL');
  const folder = mkdtempSync(join(tmpdir(), 'pipehat-redis-'));
  const socket = join(folder, 'redis.sock');
  const child = spawn(found, ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder], {
    stdio: 'ignore',
  });
  await answered(socket);
  return {
    url: socket,
    stop() {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answered(socket: string): Promise<void> {
  const redis = new Redis(socket, { retryStrategy: () => 20, maxRetriesPerRequest: null });
  redis.on('error', () => {});
  await redis.ping();
  await redis.quit();
}
