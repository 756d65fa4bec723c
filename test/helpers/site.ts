/** Sites for the tests of the whole: a folder of its own each, the shipped mappings, ports that the system gives. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { startPostgres } from '../../src/store/postgres.ts';

const MAPPINGS = fileURLToPath(new URL('../../mappings', import.meta.url));

/** A site on disk. */
export interface TestSite {
  readonly folder: string;
  /** Its data folder; not yet made. */
  readonly data: string;
  /** Writes a file of the configuration as YAML. */
  write(file: string, content: object): Promise<void>;
  /** Stops the embedded PostgreSQL, should a killed engine have left it, and removes the folder. */
  remove(): Promise<void>;
}

/** Files by name: what follows `channel:` and `system:`. */
export interface SiteFiles {
  readonly channels: Readonly<Record<string, object>>;
  readonly systems: Readonly<Record<string, object>>;
  /** More of `pipehat.yaml`. */
  readonly more?: object;
}

/** Writes a site. */
export async function createSite({ channels, systems, more }: SiteFiles): Promise<TestSite> {
  const folder = await mkdtemp(join(tmpdir(), 'pipehat-site-'));
  const data = join(folder, 'data');
  const write = async (file: string, content: object): Promise<void> => {
    const path = join(folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, stringify(content));
  };
  await symlink(MAPPINGS, join(folder, 'mappings'));
  await write('pipehat.yaml', { site: 'test', time_zone: 'UTC', http: { port: 0 }, ...more });
  for (const [name, rest] of Object.entries(channels))
    await write(`channels/${name}.yaml`, { channel: name, description: 'Of a test.', ...rest });
  for (const [name, rest] of Object.entries(systems))
    await write(`systems/${name}.yaml`, { system: name, description: 'Of a test.', ...rest });
  return {
    folder,
    data,
    write,
    async remove() {
      if (hasPostgres(data)) await (await startPostgres(data)).stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Kills the embedded PostgreSQL, as a power cut does, and waits until it is gone. */
export async function killPostgres(data: string): Promise<void> {
  const [pid] = (await readFile(join(data, 'postgres', 'cluster', 'postmaster.pid'), 'utf8')).split('\n');
  process.kill(Number(pid), 'SIGKILL');
  while (isAlive(Number(pid))) await sleep(10);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}

/** Does an embedded PostgreSQL run in the data folder? (A PostgreSQL that was killed leaves this trace, too.) */
export function hasPostgres(data: string): boolean {
  return existsSync(join(data, 'postgres', 'cluster', 'postmaster.pid'));
}
