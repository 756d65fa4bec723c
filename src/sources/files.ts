/** What picking up files needs of a file system, here or on another machine. Paths are absolute, with `/`. */

/** One entry of a folder. Links are never followed: what a link points to is somebody else's. */
export interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'other';
  readonly size: number;
  /** When it was changed, by the clock of the file system, in milliseconds. */
  readonly modified_ms: number;
}

/** A file system. Everything rejects with {@link FileTrouble}, and `connect` also with a PipehatError. */
export interface Files {
  /** Makes sure that it can be worked with: called before each round, and again after any trouble. */
  connect(): Promise<void>;
  list(folder: string): Promise<Entry[]>;
  exists(path: string): Promise<boolean>;
  /** The bytes of a file, from its beginning. */
  read(path: string): AsyncIterable<Uint8Array>;
  /** Renames: at once or not at all. `to` must not exist; a writer in `from` may go on writing. */
  move(from: string, to: string): Promise<void>;
  /** Makes a file, or replaces its content. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes a folder and those above it, where they are missing. */
  makeFolder(path: string): Promise<void>;
  /** Removes a folder that is empty. */
  removeFolder(path: string): Promise<void>;
  close(): Promise<void>;
}

/** What went wrong: it isn't there, it isn't allowed, or something else, such as a lost connection. */
export class FileTrouble extends Error {
  readonly kind: 'absent' | 'denied' | 'failed';
  /** The system's own code, such as `EACCES`. */
  readonly reason: string;

  constructor(kind: FileTrouble['kind'], reason: string, cause: unknown) {
    super(reason, { cause });
    this.name = 'FileTrouble';
    this.kind = kind;
    this.reason = reason;
  }
}

/** What the work gives, or undefined where the file or folder isn't there. */
export async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof FileTrouble && error.kind === 'absent') return undefined;
    throw error;
  }
}

/** Replaces a file so that nobody sees a part of it. */
export async function publish(files: Files, path: string, bytes: Uint8Array): Promise<void> {
  const hidden = path.replace(/([^/]*)$/, '.$1.tmp');
  await files.write(hidden, bytes);
  await unlessAbsent(files.remove(path));
  await files.move(hidden, path);
}
