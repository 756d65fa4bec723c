/** The engine and its commands as real processes, as a user runs them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

/** What an engine says about itself once it runs: `pipehat start --json`. */
export interface Places {
  /** `host:port`. */
  readonly http: string;
  readonly queues: 'postgres' | 'redis';
  readonly channels: readonly { readonly channel: string; readonly address: string }[];
  /** At the first start only. */
  readonly token: string | null;
}

/** How a process ended, and all that it wrote. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the start of the process to its end. */
  readonly took_ms: number;
}

/** A process that was started. */
export interface Running {
  readonly pid: number;
  /** All that it wrote so far, to standard output and to standard error. */
  output(): string;
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ended>;
  readonly ended: Promise<Ended>;
}

/** An engine that was started. */
export interface EngineProcess extends Running {
  /** Rejects with what the engine wrote when it ends before it runs. */
  readonly ready: Promise<Places>;
}

/** Variables beside those that every process needs. */
export type Variables = Readonly<Record<string, string>>;

/** Starts `pipehat …`. Nothing of the test's own environment reaches it but the path. */
export function startCommand(args: readonly string[], env: Variables = {}): Running {
  return watch(spawnCommand(args, env));
}

/** Runs `pipehat …` to its end. */
export function runCommand(args: readonly string[], env: Variables = {}): Promise<Ended> {
  return startCommand(args, env).ended;
}

/** Starts the engine of a site. */
export function startEngineProcess(
  site: { folder: string; data: string },
  env: Variables = {},
): EngineProcess {
  const child = spawnCommand(['start', '--site', site.folder, '--data', site.data, '--json'], env);
  const running = watch(child);
  const ready = new Promise<Places>((resolve, reject) => {
    let line = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      line += chunk.toString();
      if (line.endsWith('\n')) resolve(JSON.parse(line) as Places);
    });
    running.ended.then((ended) => {
      reject(new Error(`the engine ended with ${ended.code} before it ran: ${ended.stderr}`));
    }, reject);
  });
  // A test that kills an engine while it starts doesn't wait for it.
  ready.catch(() => undefined);
  return { ...running, ready };
}

function spawnCommand(args: readonly string[], env: Variables): ChildProcess {
  return spawn(process.execPath, [CLI, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // In a group of its own, so that a test can kill it together with what it started.
    detached: true,
  });
}

function watch(child: ChildProcess): Running {
  const started = performance.now();
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk: Buffer) => {
      written[name] += chunk.toString();
    });
  }
  const ended = once(child, 'close').then(([code]: unknown[]): Ended => {
    return { code: code as number | null, ...written, took_ms: performance.now() - started };
  });
  return {
    pid: child.pid!,
    output: () => written.stdout + written.stderr,
    ended,
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}
