/** Files of this machine, and of shares that are mounted here. */
import { constants, type Dirent } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rmdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Entry, type Files, FileTrouble, unlessAbsent } from './files.ts';

/** So much is read at once. */
const CHUNK_BYTES = 256 * 1024;

/** The files of this machine. */
export const localFiles: Files = {
  connect: async () => undefined,
  list: (folder) =>
    troubled(async () => {
      const found = await readdir(folder, { withFileTypes: true });
      const entries = await Promise.all(found.map((entry) => unlessAbsent(entryOf(folder, entry))));
      return entries.filter((entry) => entry !== undefined);
    }),
  exists: async (path) => (await unlessAbsent(troubled(() => lstat(path)))) !== undefined,
  async *read(path) {
    // What became a link since it was listed is not opened.
    const handle = await troubled(() => open(path, constants.O_RDONLY | constants.O_NOFOLLOW));
    try {
      for (;;) {
        const { bytesRead, buffer } = await troubled(() => handle.read(Buffer.alloc(CHUNK_BYTES)));
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  },
  async move(from, to) {
    // The system would replace what is there.
    if (await localFiles.exists(to)) throw new FileTrouble('failed', 'EEXIST', undefined);
    await troubled(() => rename(from, to));
  },
  write: (path, bytes) => troubled(() => writeFile(path, bytes, { flush: true })),
  remove: (path) => troubled(() => unlink(path)),
  makeFolder: async (path) => void (await troubled(() => mkdir(path, { recursive: true }))),
  removeFolder: (path) => troubled(() => rmdir(path)),
  close: async () => undefined,
};

async function entryOf(folder: string, { name }: Dirent): Promise<Entry> {
  const found = await troubled(() => lstat(join(folder, name)));
  const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
  return { name, kind, size: found.size, modified_ms: found.mtimeMs };
}

/** Errors of the file system as trouble; others are bugs, and stay as they are. */
async function troubled<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof FileTrouble) throw error;
    const denied = code === 'EACCES' || code === 'EPERM' || code === 'ELOOP';
    throw new FileTrouble(code === 'ENOENT' ? 'absent' : denied ? 'denied' : 'failed', code, error);
  }
}
