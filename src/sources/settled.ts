/** Which files of a folder are to be picked up: by name, once nobody writes to them any more. */
import { posix } from 'node:path';
import type { Entry } from './files.ts';

/** Names of files that are still being written, and of those that we write. */
const LEFT_ALONE = /^\.|~$|\.(?:part|partial|filepart|tmp|temp)$|\.ack\.hl7$|\.error\.json$/i;

/** Is it a file to be picked up, by its name? Patterns are globs, such as `*.hl7`. */
export function isWanted({ name, kind }: Entry, patterns: readonly string[]): boolean {
  if (kind !== 'file' || LEFT_ALONE.test(name)) return false;
  return patterns.some((pattern) => posix.matchesGlob(name, pattern));
}

/** Remembers sizes and times of files from one look to the next. */
export interface Settling {
  /** Those among `entries` that have not changed for `stable_ms`, as far as we saw. `now` in milliseconds. */
  settled(entries: readonly Entry[], now: number): Entry[];
}

/** Knows no file yet. */
export function createSettling(stable_ms: number): Settling {
  let known = new Map<string, { sign: string; since: number }>();
  return {
    settled(entries, now) {
      const before = known;
      known = new Map();
      return entries.filter(({ name, size, modified_ms }) => {
        const sign = `${size} ${modified_ms}`;
        const seen = before.get(name);
        const since = seen?.sign === sign ? seen.since : now;
        known.set(name, { sign, since });
        return now - since >= stable_ms;
      });
    },
  };
}

/** In the order in which they are picked up. */
export function inOrder(entries: readonly Entry[], order: 'name' | 'time'): Entry[] {
  const byName = (a: Entry, b: Entry) => (a.name < b.name ? -1 : 1);
  return entries.toSorted((a, b) =>
    order === 'name' ? byName(a, b) : a.modified_ms - b.modified_ms || byName(a, b),
  );
}
