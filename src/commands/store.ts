/** Commands that look into the store of a site, whether its engine runs or not. */
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { OpenStore } from '../main.ts';
import { createWriter, type Writer } from '../store/audit.ts';
import type { Terminal } from './command.ts';

/** Options of every command that needs the store. */
export interface StoreOptions {
  readonly site: string;
  readonly data?: string;
  readonly json?: boolean;
}

/** Adds `--site`, `--data` and `--json`. */
export function withStoreOptions(command: Command): Command {
  return command
    .option('--site <folder>', 'folder of the site', '.')
    .option('--data <folder>', 'data folder instead of the one in pipehat.yaml')
    .option('--json', 'print JSON for programs');
}

/** Opens the store, runs `work`, closes it. An embedded PostgreSQL that didn't run before is stopped again. */
export async function withStore<T>(
  terminal: Terminal,
  options: StoreOptions,
  work: (store: OpenStore) => Promise<T>,
): Promise<T> {
  const [{ openStore }, { readSite }] = await Promise.all([
    import('../main.ts'),
    import('../config/load.ts'),
  ]);
  const site = resolve(terminal.cwd, options.site);
  const store = await openStore({ env: terminal.env, site, data: options.data }, await readSite(site));
  try {
    return await work(store);
  } finally {
    await store.close({ stop: store.startedPostgres });
  }
}

/** Writes what a command does into the audit, in a chain of its own. */
export function auditWriter({ pool, keyring }: OpenStore, command: string): Writer {
  const now = (): Date => new Date();
  const chain = `${command}/${now().toISOString()}/${process.pid}`;
  return createWriter({ pool, chain, sign: keyring.sign, now });
}

/** Who runs the command, for the audit. */
export function personOf(): string {
  return `${userInfo().username} (command line)`;
}

/** Reads the id of a message. */
export function messageId(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new InvalidArgumentError('expected the number of a message, such as 42');
  return Number(text);
}
