/** What property tests of HL7 are fed with. */
import fc from 'fast-check';
import type { Delimiters } from '../../src/hl7/message.ts';

/** Text as senders write it and as they should not: anything whatever, rich in what HL7 gives a meaning to. */
export const text: fc.Arbitrary<string> = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'|^~\\&#\r\n"'),
    fc.constantFrom('\\E\\', '\\F\\', '\\X0D\\', '\\.br\\', '\\Xzz\\', 'MSH|^~\\&|', 'PID|'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 30,
});

/** All delimiters, each another character. Escape sequences are made of letters, digits and dots. */
export const delimiters: fc.Arbitrary<Delimiters> = fc
  .uniqueArray(fc.constantFrom(...'|^~\\&#!$%*+-/:;<=>?@_`{}§·×'), { minLength: 6, maxLength: 6 })
  .map(([field, component, repetition, escape, subcomponent, truncation]) => ({
    field: field!,
    component: component!,
    repetition: repetition!,
    escape: escape!,
    subcomponent: subcomponent!,
    truncation,
  }));

/** MSH-1 and MSH-2 as these delimiters are written. */
export function encoding({
  field,
  component,
  repetition,
  escape,
  subcomponent,
  truncation,
}: Delimiters): string {
  return [field, component, repetition, escape, subcomponent, truncation].join('');
}
