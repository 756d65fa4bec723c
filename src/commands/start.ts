/** `pipehat start`: runs a site until it is told to stop. */
import { fork } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PipehatError } from '../errors.ts';
import type { RunningSite, SandboxProcess } from '../main.ts';
import { type AddCommand, action, exitCode, interruption, type Terminal } from './command.ts';
import { table } from './table.ts';

interface StartOptions {
  readonly site: string;
  readonly data?: string;
  readonly sandbox: boolean;
  readonly json?: boolean;
}

/** All of stopping, from the first signal to the end of the process. */
const STOP_MS = 4500;

export const addStart: AddCommand = (program, terminal, end) => {
  program
    .command('start')
    .summary('run the engine of a site')
    .description(
      `Runs a site: database, queues, channels, destinations, HTTP API. Ctrl-C stops it in flow order within five seconds
and loses nothing; the next start goes on where it stopped.

Environment: DATABASE_URL uses a PostgreSQL of your own instead of the embedded one; REDIS_URL keeps the queues in
Redis or Valkey instead of PostgreSQL.`,
    )
    .option('--site <folder>', 'folder of the site', '.')
    .option('--data <folder>', 'data folder instead of the one in pipehat.yaml')
    .option('--no-sandbox', 'do not start the sandbox FHIR server, even if pipehat.yaml has one')
    .option('--json', 'print what listens where as one JSON line')
    .action(
      action(terminal, end, async (options: StartOptions) => {
        const { readVersion, startSite } = await import('../main.ts');
        const version = await readVersion();
        const started = performance.now();
        const running = await startSite({
          ...{ env: terminal.env, site: resolve(terminal.cwd, options.site), data: options.data, version },
          startSandbox: options.sandbox ? (port) => startSandbox(port, terminal) : undefined,
        });
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        terminal.stdout.write(
          options.json ? `${JSON.stringify(places(running))}\n` : banner(running, version, seconds),
        );
        await interruption(terminal);
        if (!options.json)
          terminal.stdout.write(
            '\nStopping: what was acknowledged is kept, and goes on at the next start.\n',
          );
        await running.stop(STOP_MS);
        return exitCode.ok;
      }),
    );
};

/** What listens where, for programs. */
function places(running: RunningSite): object {
  return {
    http: running.http,
    sandbox: running.sandbox ?? null,
    queues: running.queues,
    channels: running.engine.channels.map(({ channel, source }) => ({
      channel: channel.name,
      address: source.address,
    })),
    token: running.token ?? null,
  };
}

/** Ten lines: what listens where, and what to type next. */
function banner(running: RunningSite, version: string, seconds: string): string {
  const { engine, http, sandbox, store, configuration, token } = running;
  const database = store.embedded ? `PostgreSQL in ${store.folder}` : 'PostgreSQL of DATABASE_URL';
  const rows = [
    ['store', `${database}, queues on ${running.queues === 'redis' ? 'Redis' : 'PostgreSQL'}`],
    ...engine.channels.map(({ channel, source }) => [
      channel.name,
      `${channel.source.definition.type} ${source.address}`,
    ]),
    ...(sandbox === undefined ? [] : [['sandbox', sandbox]]),
    ['status', `http://${http}/`],
    [
      'token',
      token === undefined
        ? 'as shown at the first start (another: npx pipehat token create NAME)'
        : `${token}   (shown this once)`,
    ],
  ];
  const listener = engine.channels.find(({ channel }) => channel.source.definition.type === 'mllp');
  const next = [
    ['send', `npx pipehat send samples/ --to ${listener?.source.address ?? 'HOST:PORT'}`],
    ['look', 'npx pipehat messages, then npx pipehat trace 1'],
  ];
  return `Pipehat ${version}, site ${configuration.site.name}, up in ${seconds} s. Ctrl-C stops it.\n${indent(table(rows))}Next:\n${indent(table(next))}`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ').replace(/ {2}$/, '');
}

/** The sandbox is a process of its own: it plays another system, and must not share our memory or our fate. */
async function startSandbox(port: number, terminal: Terminal): Promise<SandboxProcess> {
  const child = fork(
    fileURLToPath(new URL('../cli.ts', import.meta.url)),
    ['sandbox', '--port', String(port)],
    {
      // In a group of its own: a Ctrl-C on the terminal is ours to hand on, after the last delivery.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    },
  );
  const trouble: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => trouble.push(chunk));
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  const address = await new Promise<string>((ready, failed) => {
    child.once('message', (message) => ready((message as { address: string }).address));
    child.once('exit', () => {
      const says =
        Buffer.concat(trouble)
          .toString()
          .replace(/^pipehat: /, '')
          .split('\n')[0] ?? '';
      failed(new PipehatError('sandbox-not-started', { reason: says }));
    });
  });
  child.stderr?.pipe(terminal.stderr, { end: false });
  return {
    address,
    async stop() {
      child.disconnect();
      child.kill('SIGTERM');
      await exited;
    },
  };
}
