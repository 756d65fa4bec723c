/** Files of another machine, over SFTP. The connection is made when it is needed, and made again when it was lost. */
import { hash } from 'node:crypto';
import { connect as connectSocket } from 'node:net';
import { posix } from 'node:path';
import type SftpClient from 'ssh2-sftp-client';
import { PipehatError } from '../errors.ts';
import { type Entry, type Files, FileTrouble, unlessAbsent } from './files.ts';

/** Where to log in, and as whom. Exactly one of password and private key. */
export interface SftpLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  /** In a form of OpenSSH or PEM. */
  readonly private_key?: string;
  readonly passphrase?: string;
  /** `SHA256:…`, as `ssh-keygen -l` prints it: the one host key that is trusted. */
  readonly host_fingerprint: string;
  readonly connect_timeout_ms: number;
}

type Sftp = Awaited<ReturnType<SftpClient['connect']>>;
type Done<T> = (error: Error | null | undefined, result: T) => void;

/** A server that doesn't answer three such probes is gone. */
const PROBE_MS = 10_000;

/** Status codes of the protocol (draft-ietf-secsh-filexfer-02 §7). */
const NO_SUCH_FILE = 2;
const PERMISSION_DENIED = 3;

/** Type of a file in its mode. */
const TYPE = 0o170000;
const FILE = 0o100000;
const FOLDER = 0o040000;

/** The files of a server. `connect` rejects with one of the codes `sftp-…`. */
export function createSftpFiles(login: SftpLogin): Files {
  let open: { readonly client: SftpClient; readonly sftp: Sftp } | undefined;

  const connect = async (): Promise<void> => {
    if (open !== undefined) return;
    const { default: Client } = await import('ssh2-sftp-client');
    const lost = (): void => {
      if (open?.client === client) open = undefined;
    };
    const client = new Client('pipehat', { error: lost, end: lost, close: lost });
    const trouble: LoginTrouble = {};
    client.on('error', (error: { level?: string }) => {
      trouble.level = error.level;
    });
    // Requests are small and wait for each other: without noDelay each takes 40 ms longer.
    const sock = connectSocket({ host: login.host, port: login.port, noDelay: true });
    // The library hears it too, unless the key is none: then it never looked at the socket.
    sock.on('error', () => undefined);
    try {
      const sftp = await client.connect({
        sock,
        username: login.user,
        ...(login.password === undefined ? {} : { password: login.password }),
        ...(login.private_key === undefined ? {} : { privateKey: login.private_key }),
        ...(login.passphrase === undefined ? {} : { passphrase: login.passphrase }),
        hostVerifier: (key: Buffer) => {
          trouble.found = fingerprintOf(key);
          return trouble.found === login.host_fingerprint;
        },
        readyTimeout: login.connect_timeout_ms,
        keepaliveInterval: PROBE_MS,
        keepaliveCountMax: 3,
      });
      sftp.on('close', lost);
      open = { client, sftp };
    } catch (error) {
      sock.destroy();
      throw connectError(login, trouble, error as NodeJS.ErrnoException);
    }
  };

  /** Calls the server. The library ends calls under way with an error when the connection is lost. */
  const call = <T>(run: (sftp: Sftp, done: Done<T>) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      if (open === undefined) return reject(new FileTrouble('failed', 'not connected', undefined));
      run(open.sftp, (error, result) => (error ? reject(troubleOf(error)) : resolve(result)));
    });

  const files: Files = {
    connect,
    async list(folder) {
      const found = await call<Parameters<Parameters<Sftp['readdir']>[1]>[1]>((sftp, done) =>
        sftp.readdir(folder, done),
      );
      return found.map(({ filename, attrs }): Entry => {
        const type = attrs.mode & TYPE;
        const kind = type === FILE ? 'file' : type === FOLDER ? 'folder' : 'other';
        return { name: filename, kind, size: attrs.size, modified_ms: attrs.mtime * 1000 };
      });
    },
    exists: async (path) =>
      (await unlessAbsent(call<object>((sftp, done) => sftp.lstat(path, done)))) !== undefined,
    async *read(path) {
      if (open === undefined) throw new FileTrouble('failed', 'not connected', undefined);
      const stream = open.sftp.createReadStream(path);
      try {
        for await (const chunk of stream) yield chunk as Buffer;
      } catch (error) {
        throw troubleOf(error);
      } finally {
        stream.destroy();
      }
    },
    move: (from, to) =>
      call<void>((sftp, done) => sftp.rename(from, to, done as Done<unknown> & (() => void))),
    write: (path, bytes) =>
      call<void>((sftp, done) => sftp.writeFile(path, Buffer.from(bytes), done as () => void)),
    remove: (path) => call<void>((sftp, done) => sftp.unlink(path, done as () => void)),
    async makeFolder(path) {
      if (await files.exists(path)) return;
      await files.makeFolder(posix.dirname(path));
      await call<void>((sftp, done) => sftp.mkdir(path, done as () => void)).catch(async (error: unknown) => {
        // Somebody else may have made it meanwhile.
        if (!(await files.exists(path))) throw error;
      });
    },
    removeFolder: (path) => call<void>((sftp, done) => sftp.rmdir(path, done as () => void)),
    async close() {
      const client = open?.client;
      open = undefined;
      // What can't be closed properly any more is gone.
      await client?.end().catch(() => undefined);
    },
  };
  return files;
}

/** The fingerprint of a host key, as `ssh-keygen -l` prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${hash('sha256', key, 'base64').replace(/=+$/, '')}`;
}

/** What is known of a login that failed. */
interface LoginTrouble {
  level?: string | undefined;
  /** The host key that the server showed. */
  found?: string;
}

function connectError(login: SftpLogin, { level, found }: LoginTrouble, cause: Error): PipehatError {
  const { host, port, user, host_fingerprint: expected } = login;
  if (found !== undefined && found !== expected) {
    return new PipehatError('sftp-host-key-wrong', { host, port, expected, found }, { cause });
  }
  if (level === 'client-authentication') {
    return new PipehatError('sftp-login-refused', { host, port, user }, { cause });
  }
  if (/privateKey|passphrase/i.test(cause.message))
    return new PipehatError('sftp-key-unreadable', {}, { cause });
  const reason = (cause as NodeJS.ErrnoException).code ?? cause.name;
  return new PipehatError('sftp-unreachable', { host, port, reason }, { cause });
}

function troubleOf(error: unknown): FileTrouble {
  const { code, name } = error as { code?: number | string; name?: string };
  if (code === NO_SUCH_FILE) return new FileTrouble('absent', 'no such file', error);
  if (code === PERMISSION_DENIED) return new FileTrouble('denied', 'permission denied', error);
  const reason = typeof code === 'number' ? `SFTP status ${code}` : (code ?? name ?? 'unknown');
  return new FileTrouble('failed', reason, error);
}
