/** Escape sequences that nobody knows, and escape characters that stand alone (HL7 chapter 2, §2.7). */
import type { Cursor } from './validate-place.ts';

/**
 * What HL7 knows between two escape characters: delimiters, highlighting, hexadecimal data, character sets, local
 * sequences and the commands of formatted text.
 */
const KNOWN =
  /^(?:[FSTREPHN]|X(?:[0-9A-Fa-f]{2})+|C[0-9A-Fa-f]{4}|M[0-9A-Fa-f]{4}(?:[0-9A-Fa-f]{2})?|Z.*|\.(?:br|fi|nf|ce|sp[+-]?\d*|in[+-]?\d+|ti[+-]?\d+|sk[+-]?\d*))$/;

/** Reports the first such place of a field; `raw` holds at least one escape character. */
export function checkEscapes(raw: string, at: Cursor): void {
  const mark = at.delimiters.escape;
  let start = raw.indexOf(mark);
  while (start >= 0) {
    const end = raw.indexOf(mark, start + 1);
    const isKnown = end >= 0 && KNOWN.test(raw.slice(start + 1, end));
    if (!isKnown) {
      const [expected, found] =
        end < 0
          ? ['a second escape character behind the first', 'none']
          : ['an escape sequence of HL7', 'another'];
      at.report('escape-unknown', `expected ${expected}, found ${found}`);
      return;
    }
    start = raw.indexOf(mark, end + 1);
  }
}
