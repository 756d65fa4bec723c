/** A small SFTP server over a folder of this machine, with keys of its own, that a test can cut off and bring back. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Stats } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, rmdir, stat, unlink } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import ssh2, { type Attributes, type Connection, type SFTPWrapper } from 'ssh2';
import { fingerprintOf } from '../../src/sources/sftp-files.ts';

const { Server, utils } = ssh2;
const { STATUS_CODE, OPEN_MODE } = utils.sftp;

const generateKey = () => utils.generateKeyPairSync('ecdsa', { bits: 256 });

/** A server that runs. */
export interface SftpServer {
  readonly port: number;
  /** Of its host key. */
  readonly fingerprint: string;
  readonly user: string;
  readonly password: string;
  /** In the form of OpenSSH; the server knows its public half. */
  readonly privateKey: string;
  /** How many logins there were. */
  logins(): number;
  /** How many connections are open. */
  connections(): number;
  /** Called before each read of a file; what it rejects with fails the read. */
  onRead: () => void | Promise<void>;
  /** Cuts all connections, as a network does. */
  cut(): void;
  /** Cuts all connections and takes no new one, until `back`. */
  away(): void;
  back(): void;
  stop(): Promise<void>;
}

/** Starts a server whose `/` is `root`. */
export async function startSftpServer(root: string): Promise<SftpServer> {
  // Not ed25519: of those that the library makes, it can't read every 300th.
  const [hostKey, userKey] = [generateKey(), generateKey()];
  const parsed = utils.parseKey(hostKey.public);
  const known = utils.parseKey(userKey.public);
  if (parsed instanceof Error || known instanceof Error) throw new Error('keys of the test');
  const password = randomUUID();
  const open = new Set<Connection>();
  let isAway = false;
  let logins = 0;

  const server = new Server({ hostKeys: [hostKey.private] }, (client) => {
    if (isAway) {
      client.end();
      return;
    }
    open.add(client);
    socketOf(client).setNoDelay(true);
    client.on('close', () => open.delete(client));
    // A connection that a test cuts off ends with an error.
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      const isKey =
        context.method === 'publickey' &&
        context.key.data.equals(known.getPublicSSH()) &&
        (context.signature === undefined ||
          known.verify(context.blob!, context.signature, context.hashAlgo) === true);
      const isPassword = context.method === 'password' && context.password === password;
      if (context.username === 'pipehat' && (isKey || isPassword)) context.accept();
      else context.reject(['password', 'publickey']);
    });
    client.on('ready', () => {
      logins += 1;
      client.on('session', (accept) => {
        accept().on('sftp', (acceptSftp) => serve(acceptSftp(), root, () => running.onRead()));
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const cut = (): void => {
    for (const client of open) socketOf(client).destroy();
  };
  const running: SftpServer = {
    port: (server.address() as AddressInfo).port,
    fingerprint: fingerprintOf(parsed.getPublicSSH()),
    user: 'pipehat',
    password,
    privateKey: userKey.private,
    logins: () => logins,
    connections: () => open.size,
    onRead: () => undefined,
    cut,
    away() {
      isAway = true;
      cut();
    },
    back() {
      isAway = false;
    },
    async stop() {
      cut();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
  return running;
}

/** The library doesn't give it away. */
function socketOf(client: Connection): Socket {
  return (client as unknown as { _sock: Socket })._sock;
}

type Handle = { kind: 'file'; file: FileHandle } | { kind: 'folder'; path: string; read: boolean };

function serve(sftp: SFTPWrapper, root: string, onRead: () => void | Promise<void>): void {
  const handles = new Map<number, Handle>();
  let last = 0;
  const at = (path: string): string => join(root, path);
  const keep = (handle: Handle): Buffer => {
    const name = Buffer.alloc(4);
    name.writeUInt32BE(++last);
    handles.set(last, handle);
    return name;
  };
  const handleOf = (name: Buffer): Handle => handles.get(name.readUInt32BE())!;
  const fileOf = (name: Buffer): FileHandle => (handleOf(name) as Handle & { kind: 'file' }).file;

  /** Runs, and answers with the status of what went wrong. */
  const answer = (id: number, run: () => Promise<void>): void => {
    run().catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
      else if (error.code === 'EACCES') sftp.status(id, STATUS_CODE.PERMISSION_DENIED);
      else sftp.status(id, STATUS_CODE.FAILURE);
    });
  };
  const done = (id: number, run: () => Promise<unknown>): void =>
    answer(id, async () => {
      await run();
      sftp.status(id, STATUS_CODE.OK);
    });

  sftp.on('LSTAT', (id, path) => answer(id, async () => sftp.attrs(id, attributesOf(await lstat(at(path))))));
  sftp.on('STAT', (id, path) => answer(id, async () => sftp.attrs(id, attributesOf(await stat(at(path))))));
  sftp.on('OPENDIR', (id, path) =>
    answer(id, async () => {
      await readdir(at(path));
      sftp.handle(id, keep({ kind: 'folder', path, read: false }));
    }),
  );
  sftp.on('READDIR', (id, name) =>
    answer(id, async () => {
      const folder = handleOf(name) as Handle & { kind: 'folder' };
      if (folder.read) return sftp.status(id, STATUS_CODE.EOF);
      folder.read = true;
      const found = ['.', '..', ...(await readdir(at(folder.path)))];
      const entries = await Promise.all(
        found.map(async (filename) => {
          const attrs = attributesOf(await lstat(join(at(folder.path), filename)));
          return { filename, longname: filename, attrs };
        }),
      );
      sftp.name(id, entries);
    }),
  );
  sftp.on('OPEN', (id, path, flags) =>
    answer(id, async () => {
      const file = await open(at(path), (flags & OPEN_MODE.WRITE) === 0 ? 'r' : 'w');
      sftp.handle(id, keep({ kind: 'file', file }));
    }),
  );
  sftp.on('READ', (id, name, offset, length) =>
    answer(id, async () => {
      await onRead();
      const { bytesRead, buffer } = await fileOf(name).read(Buffer.alloc(length), 0, length, offset);
      if (bytesRead === 0) sftp.status(id, STATUS_CODE.EOF);
      else sftp.data(id, buffer.subarray(0, bytesRead));
    }),
  );
  sftp.on('WRITE', (id, name, offset, data) =>
    done(id, () => fileOf(name).write(data, 0, data.length, offset)),
  );
  sftp.on('FSTAT', (id, name) =>
    answer(id, async () => sftp.attrs(id, attributesOf(await fileOf(name).stat()))),
  );
  sftp.on('FSETSTAT', (id) => sftp.status(id, STATUS_CODE.OK));
  sftp.on('CLOSE', (id, name) =>
    done(id, async () => {
      const handle = handleOf(name);
      if (handle.kind === 'file') await handle.file.close();
      handles.delete(name.readUInt32BE());
    }),
  );
  sftp.on('RENAME', (id, from, to) =>
    done(id, async () => {
      // Version 3 of the protocol replaces nothing.
      if (await lstat(at(to)).catch(() => undefined)) throw new Error('exists');
      await rename(at(from), at(to));
    }),
  );
  sftp.on('REMOVE', (id, path) => done(id, () => unlink(at(path))));
  sftp.on('MKDIR', (id, path) => done(id, () => mkdir(at(path))));
  sftp.on('RMDIR', (id, path) => done(id, () => rmdir(at(path))));
  sftp.on('close', () => {
    for (const handle of handles.values()) if (handle.kind === 'file') void handle.file.close();
  });
}

function attributesOf({ mode, uid, gid, size, atimeMs, mtimeMs }: Stats): Attributes {
  return { mode, uid, gid, size, atime: Math.floor(atimeMs / 1000), mtime: Math.floor(mtimeMs / 1000) };
}
