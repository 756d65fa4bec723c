/** Names of segments: three characters, a letter first, in either case. */

/** Each name once, so that a million segments share one text. At most 26 × 36 × 36 of them. */
const names = new Map<number, string>();

/** The name, in upper case, of the segment from `start` up to `end` of `text`; `''` for a line that is no segment. */
export function nameAt(text: string, start: number, end: number, separator: string): string {
  if (end - start < 3 || (end - start > 3 && text.charCodeAt(start + 3) !== separator.charCodeAt(0)))
    return '';
  const first = upper(text.charCodeAt(start));
  const second = upper(text.charCodeAt(start + 1));
  const third = upper(text.charCodeAt(start + 2));
  if (first < UPPER_A || second === 0 || third === 0) return '';
  const key = (first << 16) | (second << 8) | third;
  let name = names.get(key);
  if (name === undefined) {
    // As a key it becomes the one text that constants of the same characters are, which makes comparing cheap.
    name = Object.keys({ [String.fromCharCode(first, second, third)]: true })[0]!;
    names.set(key, name);
  }
  return name;
}

const ZERO = 0x30;
const NINE = 0x39;
const UPPER_A = 0x41;
const UPPER_Z = 0x5a;
const LOWER_A = 0x61;
const LOWER_Z = 0x7a;

/** The code of a letter in upper case, or of a digit; 0 for anything else. */
function upper(code: number): number {
  if (code >= LOWER_A && code <= LOWER_Z) return code - LOWER_A + UPPER_A;
  return (code >= UPPER_A && code <= UPPER_Z) || (code >= ZERO && code <= NINE) ? code : 0;
}
