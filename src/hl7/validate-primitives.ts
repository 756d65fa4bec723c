/** The forms of primitive data types (HL7 chapter 2A). Types that aren't here take any text. */
import { PipehatError } from '../errors.ts';
import { readDtm, toTime } from './datetime.ts';
import { unescape } from './escape.ts';
import type { Check, Cursor } from './validate-place.ts';

/** NM: sign, digits, decimal point; no exponent, no unit. No two parts can take the same digits, so that it stays linear. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/;

/** SI: a number to count with, at most four digits. */
const SEQUENCE = /^\d{1,4}$/;

/** Checks by type. Each gets text that is neither empty nor `""`. */
export const primitives: Readonly<Record<string, Check>> = {
  NM: form(NUMBER, 'a number (NM)'),
  SI: form(SEQUENCE, 'a number of up to four digits (SI)'),
  DT: date('a date (DT: YYYY[MM[DD]])', (text) => readDtm(text).hour === undefined),
  TM: date('a time (TM: HH[MM[SS[.S…]]][+/-ZZZZ])', (text) => toTime(text) !== ''),
  DTM: date(
    'a date and time (DTM: YYYY[MM[DD[HH[MM[SS[.S…]]]]]][+/-ZZZZ])',
    (text) => readDtm(text).year !== '',
  ),
};

/** Says of the text no more than its length. */
export function wrongType(at: Cursor, expected: string, raw: string): void {
  at.report('wrong-type', `expected ${expected}, found other text of ${raw.length} characters`);
}

function form(pattern: RegExp, expected: string): Check {
  return (raw, at) => {
    if (pattern.test(raw)) return;
    // Spaces around it and digits written as escapes are odd, not wrong.
    if (!pattern.test(unescape(raw, at.delimiters).trim())) wrongType(at, expected, raw);
  };
}

function date(expected: string, isRight: (text: string) => boolean): Check {
  return (raw, at) => {
    try {
      if (isRight(raw)) return;
    } catch (error) {
      if (!(error instanceof PipehatError)) throw error;
    }
    wrongType(at, expected, raw);
  };
}
