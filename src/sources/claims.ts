/**
 * Which engine has which file. Whoever takes a file moves it into a folder of its own below `.pipehat`: a move is done by
 * one, and the others find nothing. A file there, `.alive`, changes as long as its owner lives. The files of an owner
 * that gives no sign any more are taken over; after a proper stop at once, after a crash once `claim_ms` have passed.
 */
import { posix } from 'node:path';
import { type Entry, type Files, FileTrouble, unlessAbsent } from './files.ts';
import { inOrder } from './settled.ts';

/** What claims are made of. */
export interface ClaimOptions {
  readonly files: Files;
  /** Where files are picked up. */
  readonly path: string;
  /** Names this run of the source: no other one has the same. */
  readonly owner: string;
  /** An owner without a sign of life for so long is taken for dead. */
  readonly claim_ms: number;
  /** A clock that only goes forward, in milliseconds. */
  readonly clock: () => number;
}

/** The claims of one source. */
export interface Claims {
  /** Gives a sign of life. To be called at least three times in `claim_ms`, and before the first claim. */
  beat(): Promise<void>;
  /** Takes a file; false where somebody else did, or it is gone. Rejects with `denied` where it can't be moved. */
  take(name: string): Promise<boolean>;
  /** Where a file that was taken lies. */
  pathOf(name: string): string;
  /** Puts a file back. */
  giveBack(name: string): Promise<void>;
  /** The files that are taken: by us, or by an owner that is dead, and now by us. By name. */
  taken(): Promise<Entry[]>;
  /** Lets others have at once what was not finished. */
  end(): Promise<void>;
}

const FOLDER = '.pipehat';
const ALIVE = '.alive';

/** The claims of `owner`, who has none yet. */
export function createClaims({ files, path, owner, claim_ms, clock }: ClaimOptions): Claims {
  const all = posix.join(path, FOLDER);
  const own = posix.join(all, owner);
  /** The last sign of each other owner, for how long it has been the last, and when we looked. */
  const signs = new Map<string, { sign: string; silent_ms: number; looked: number }>();
  let beats = 0;

  const filesOf = async (folder: string): Promise<Entry[]> =>
    inOrder(
      (await files.list(folder)).filter(({ name, kind }) => kind === 'file' && name !== ALIVE),
      'name',
    );

  /**
   * By our own clock, since clocks of machines differ: a sign counts when it is another one than before. Time in which we
   * did not look, such as that of a machine that stood still, counts for little: the other one may have stood still too.
   */
  const isDead = (other: string, sign: string | undefined): boolean => {
    if (sign === undefined) return true;
    const now = clock();
    const known = signs.get(other);
    const silent_ms = known?.sign === sign ? known.silent_ms + Math.min(now - known.looked, claim_ms / 4) : 0;
    signs.set(other, { sign, silent_ms, looked: now });
    return silent_ms >= claim_ms;
  };

  const inherit = async (other: string): Promise<void> => {
    const folder = posix.join(all, other);
    const alive = (await files.list(folder)).find(({ name }) => name === ALIVE);
    if (!isDead(other, alive && `${alive.size} ${alive.modified_ms}`)) return;
    for (const { name } of await filesOf(folder)) {
      if (await files.exists(posix.join(own, name))) return;
      await unlessAbsent(files.move(posix.join(folder, name), posix.join(own, name)));
    }
    await unlessAbsent(files.remove(posix.join(folder, ALIVE)));
    await unlessAbsent(files.removeFolder(folder));
    signs.delete(other);
  };

  return {
    async beat() {
      beats += 1;
      await files.makeFolder(own);
      // The size changes each time, since some file systems know the time to the second only.
      await files.write(posix.join(own, ALIVE), Buffer.alloc(1 + (beats % 60), '.'));
    },
    async take(name) {
      const moved = await unlessAbsent(
        files.move(posix.join(path, name), posix.join(own, name)).then(() => true),
      );
      return moved ?? false;
    },
    pathOf: (name) => posix.join(own, name),
    giveBack: (name) => files.move(posix.join(own, name), posix.join(path, name)),
    async taken() {
      const others = (await files.list(all)).filter(({ name, kind }) => kind === 'folder' && name !== owner);
      for (const { name } of others) {
        await unlessAbsent(inherit(name)).catch((error: unknown) => {
          // What can't be taken over now stays where it is for the next time.
          if (!(error instanceof FileTrouble) || error.kind !== 'denied') throw error;
        });
      }
      return filesOf(own);
    },
    async end() {
      await unlessAbsent(files.remove(posix.join(own, ALIVE)));
      if ((await filesOf(own)).length === 0) await files.removeFolder(own);
    },
  };
}
