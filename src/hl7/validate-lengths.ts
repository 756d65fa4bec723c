/**
 * Lengths (HL7 chapter 2, "Length"): up to 2.6 the most characters that one repetition of a field may have, from 2.5 on
 * also those of a component. From 2.7 on a length says what receivers have to keep at least, so it is no fault to be longer.
 */
import type { FieldDefinition } from './dictionary.ts';
import { unescape } from './escape.ts';
import { type Check, NULL } from './validate-place.ts';
import { isBefore } from './version.ts';

/** What stands for "any length" in the tables of the standard: 65536, and 99999 for OBX-5. */
const ANY_LENGTH = 32_768;

/** Types whose form the standard fixes: longer ones are none. Of all others, a receiver may lose the end. */
const FIXED: ReadonlySet<string> = new Set(['ID', 'SI', 'NM', 'DT', 'TM', 'DTM']);

/** The check of a length; undefined where the version sets none. */
export function lengthCheck(
  version: string,
  { type, length: most }: Pick<FieldDefinition, 'type' | 'length'>,
  of: 'field' | 'component',
): Check | undefined {
  if (most === undefined || most <= 0 || most >= ANY_LENGTH || !isBefore(version, '2.7')) return undefined;
  if (of === 'component' && isBefore(version, '2.5')) return undefined;
  const severity = FIXED.has(type) ? 'error' : 'warning';
  return (raw, at) => {
    if (raw.length <= most || raw === NULL) return;
    // A delimiter in its escaped form is one character.
    const { length } = unescape(raw, at.delimiters);
    if (length > most)
      at.report('too-long', `expected at most ${most} characters, found ${length}`, severity);
  };
}
