/** Cutting HL7 text at a separator. Positions are 1-based, as HL7 counts. A separator of `''` separates nothing. */

/** The `n`th part of `raw`, `''` where there are fewer. Allocates nothing but the part. */
export function part(raw: string, separator: string, n: number): string {
  if (separator === '') return n === 1 ? raw : '';
  if (raw === '') return '';
  let start = 0;
  for (let skipped = 1; skipped < n; skipped++) {
    const at = raw.indexOf(separator, start);
    if (at < 0) return '';
    start = at + separator.length;
  }
  const end = raw.indexOf(separator, start);
  return end < 0 ? raw.slice(start) : raw.slice(start, end);
}

/** All parts of `raw`; none for `''`. */
export function parts(raw: string, separator: string): string[] {
  if (raw === '') return [];
  return separator === '' ? [raw] : raw.split(separator);
}

/**
 * Is it HL7's null, `""`: the sender says that there is no value, and a receiver deletes the one it has? An empty text
 * says nothing at all (chapter 2, "Null values in fields").
 */
export function isNull(raw: string): boolean {
  return raw === '""';
}
