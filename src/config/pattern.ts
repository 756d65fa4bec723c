/**
 * Regular expressions that people write and senders' values meet: only such as can't be made slow by a value. Backtracking
 * grows with the power of how many quantifiers follow each other, and without bound where one stands inside another.
 */
import type { Pattern } from '../pipeline/profile.ts';

/** How many quantifiers a pattern may have, and how many of them with no small bound. `?` and `{n}` don't count. */
const MOST_QUANTIFIERS = 3;
const MOST_WIDE = 2;

/** From `{2,11}` on a quantifier is wide; `*`, `+` and `{2,}` always are. */
const NARROW = 10;

/** Escapes, character classes (both skipped), groups that look around or back, a quantifier with what it follows. */
const TOKENS =
  /\\(?<back>[1-9k])|\\.|\[(?:\\.|[^\]\\])*\]|\(\?(?<look><?[=!])|(?<group>\)?)(?:(?<star>[*+])|\{(?<from>\d+)(?:(?<comma>,)(?<to>\d*))?\})/gsu;

/** The whole value must match. Gives what is wrong with the pattern, where something is. */
export function compilePattern(text: string): { pattern: Pattern } | { problem: string } {
  let wide = 0;
  let quantifiers = 0;
  for (const { groups = {} } of text.matchAll(TOKENS)) {
    if (groups['back'] !== undefined || groups['look'] !== undefined) {
      return { problem: 'a pattern has no back references and looks neither ahead nor behind' };
    }
    if (groups['star'] === undefined && groups['from'] === undefined) continue;
    if (groups['group'] === ')') {
      return {
        problem: 'a group in a pattern may be followed by ? only: repeat single characters and classes',
      };
    }
    if (groups['star'] === undefined && groups['comma'] === undefined) continue;
    quantifiers += 1;
    const most = groups['to'] ? Number(groups['to']) : Number.POSITIVE_INFINITY;
    if (groups['star'] !== undefined || most - Number(groups['from']) >= NARROW) wide += 1;
  }
  if (quantifiers > MOST_QUANTIFIERS || wide > MOST_WIDE) {
    const says = `at most ${MOST_QUANTIFIERS} of *, + and {n,m} in a pattern, ${MOST_WIDE} of them over more than ${NARROW} characters`;
    return { problem: `expected ${says}` };
  }
  try {
    const whole = new RegExp(`^(?:${text})$`, 'su');
    return { pattern: { source: text, test: (value) => whole.test(value) } };
  } catch {
    return { problem: 'is no regular expression' };
  }
}
