/** Versions of HL7 v2: `2.3.1`, as in MSH-12. */

/** The newest version that the dictionaries know; it knows most: later ones keep the old fields. */
export const NEWEST_VERSION = '2.8';

/** Is version `a` older than `b`? A part that is no number counts as 0. */
export function isBefore(a: string, b: string): boolean {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] || 0) - (right[i] || 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/**
 * The newest of `known` (oldest first) that is not newer than `version`: 2.8.2 reads as 2.8, and 2.9 too. What is no
 * version reads as the oldest.
 */
export function nearestVersion(version: string, known: readonly string[]): string {
  return known.findLast((each) => !isBefore(version, each)) ?? known[0]!;
}
