/**
 * A file of JSON lines that only grows, `{"delivery":"ID",…}`, each id once. A line counts when it is on the disk, not
 * before; lines that come while others are being written share the next write and `fdatasync`.
 */
import { constants } from 'node:fs';
import { access, type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PipehatError } from '../errors.ts';

/** A file of lines. Opened when the first line comes, and again after an error. Nobody else may write to it. */
export interface LineFile {
  /**
   * `content`: a JSON object with something in it, as text. Resolves when the line is on the disk: `written`, or `present` if one of that delivery was there. Rejects with
   * `file-not-writable`; whether the line is there is then found out when the file is opened for the next one.
   */
  append(delivery: string, content: string): Promise<'written' | 'present'>;
  /** Resolves if the file can be written, or made. Rejects with `file-not-writable`. Writes nothing. */
  probe(): Promise<void>;
  /** Writes what was appended, closes. What is appended afterwards is refused. */
  close(): Promise<void>;
}

interface Entry {
  readonly id: string;
  readonly line: string;
  readonly written: PromiseWithResolvers<'written' | 'present'>;
}

interface OpenFile {
  readonly handle: FileHandle;
  /** The deliveries in the file, oldest first. */
  readonly ids: Set<string>;
}

/** So many ids are remembered, the most recent ones: a repetition comes soon after the first. */
const MOST_IDS = 100_000;
/** How each line of ours begins. */
const BEGINNING = '{"delivery":"';
const DELIVERY = /^\{"delivery":"([^"\\]*)"/;

/** The file at `path`, not yet opened. Its folder must exist: one made here could hide a disk that isn't mounted. */
export function createLineFile(path: string): LineFile {
  let file: OpenFile | undefined;
  let queue: Entry[] = [];
  let writing: Promise<void> | undefined;
  let closed = false;

  const writeBatch = async (batch: readonly Entry[]): Promise<void> => {
    file ??= await openFile(path);
    const { handle, ids } = file;
    const fresh = new Map(batch.filter(({ id }) => !ids.has(id)).map((entry) => [entry.id, entry]));
    if (fresh.size > 0) {
      await handle.appendFile(Array.from(fresh.values(), ({ line }) => line).join(''));
      await handle.datasync();
    }
    for (const entry of batch) {
      remember(ids, entry.id);
      entry.written.resolve(fresh.get(entry.id) === entry ? 'written' : 'present');
    }
  };

  const writeQueue = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      try {
        await writeBatch(batch);
      } catch (error) {
        for (const { written } of batch) written.reject(problemOf(error, path));
        const broken = file;
        file = undefined;
        // The error that matters has been given; a handle that can't be closed either adds nothing to it.
        await broken?.handle.close().catch(() => undefined);
      }
    }
    writing = undefined;
  };

  return {
    async append(delivery, content) {
      if (closed) throw new PipehatError('file-not-writable', { path, reason: 'stopped' });
      const line = `{"delivery":${JSON.stringify(delivery)},${content.slice(1)}\n`;
      const entry = { id: delivery, line, written: Promise.withResolvers<'written' | 'present'>() };
      queue.push(entry);
      writing ??= writeQueue();
      return entry.written.promise;
    },
    async probe() {
      try {
        await access(path, constants.W_OK).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error;
          return access(dirname(path), constants.W_OK);
        });
      } catch (error) {
        throw problemOf(error, path);
      }
    },
    async close() {
      closed = true;
      await writing;
      await file?.handle.close();
      file = undefined;
    },
  };
}

/** Opens or makes the file, mends its end, reads which deliveries are in it, and sees to it that they are on the disk. */
async function openFile(path: string): Promise<OpenFile> {
  const handle = await open(path, 'a+');
  try {
    const ids = new Set<string>();
    let last = '';
    // Latin-1, so that a length in characters is one in bytes.
    for await (const line of handle.readLines({ encoding: 'latin1', start: 0, autoClose: false })) {
      const id = DELIVERY.exec(line)?.[1];
      if (id !== undefined) remember(ids, id);
      last = line;
    }
    const { size } = await handle.stat();
    if (!(await endsLine(handle, size))) {
      ids.delete(DELIVERY.exec(last)?.[1] ?? '');
      await endLine(handle, size, last);
    }
    await handle.datasync();
    await syncFolder(dirname(path));
    return { handle, ids };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function endsLine(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() === '\n';
}

/**
 * A crash can leave the beginning of a line. It was never accepted, so it is cut off and comes again. What isn't ours is
 * not cut off: its line is ended.
 */
async function endLine(handle: FileHandle, size: number, torn: string): Promise<void> {
  if (torn.startsWith(BEGINNING) || BEGINNING.startsWith(torn)) await handle.truncate(size - torn.length);
  else await handle.appendFile('\n');
}

/** A new file is lasting once its folder's entry for it is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function remember(ids: Set<string>, id: string): void {
  ids.add(id);
  if (ids.size > MOST_IDS) ids.delete(ids.values().next().value!);
}

/** Errors of the file system as ours; others are bugs, and stay as they are. */
function problemOf(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined
    ? error
    : new PipehatError('file-not-writable', { path, reason: code }, { cause: error });
}
