/** Options of destinations that write HL7 v2 as bytes: the receiver's character set. */
import Type from 'typebox';
import { CHARSET_NAMES, WIDE_SETS } from '../hl7/charset-names.ts';

const NAMES = CHARSET_NAMES.filter((name) => !WIDE_SETS.includes(name));

/** `charset` and `unrepresentable`, to be spread into the options of a destination. */
export const textOptions = {
  charset: Type.Optional(
    Type.Array(Type.Enum(NAMES), {
      minItems: 1,
      description:
        'Character set of what is sent, written into MSH-18 too; the sets after the first are reached by ISO 2022 escapes. Default: that of the message (UTF-8 where its MSH-18 is empty).',
    }),
  ),
  unrepresentable: Type.Enum(['reject', 'replace'], {
    default: 'reject',
    description:
      'What becomes of characters that the set lacks. reject: the delivery is rejected. replace: the letter without its marks, else "?"; the attempt says how many and where.',
  }),
};
