/** Built-in conversions: HL7 text to FHIR primitives. Each throws a PipehatError where the text doesn't fit. */
import { PipehatError } from '../errors.ts';
import { type Converted, readDtm, toDate, toDateTime, toInstant, toTime } from '../hl7/datetime.ts';

/** One conversion. */
export interface Conversion {
  /** FHIR types that it may fill, the usual one first. */
  readonly gives: readonly string[];
  convert(text: string): string | number | boolean | undefined;
}

/** A conversion of dates and times. It costs enough to remember what it gave for text, degree and zone. */
export interface TimeConversion {
  readonly gives: readonly string[];
  /** `degree` is TS.2 where the text is TS.1, else `''`; `zone` is that of times without an offset. */
  time(text: string, degree: string, zone: string): Converted;
}

/** `instant`: a date with its time of day. */
export const instant: TimeConversion = {
  gives: ['instant'],
  time: (text, degree, zone) => toInstant(readDtm(text, degree), zone),
};

/** The conversions by the name that rules give in `as`. `text` also takes delimiters that were not escaped. */
export const conversions: Readonly<Record<string, Conversion | TimeConversion>> = {
  string: { gives: ['string', 'markdown'], convert: (text) => (text.trim() === '' ? undefined : text) },
  text: { gives: ['string', 'markdown'], convert: (text) => (text.trim() === '' ? undefined : text) },
  code: { gives: ['code'], convert: (text) => singleSpaced(text.trim()) || undefined },
  uri: {
    gives: ['uri', 'url', 'canonical'],
    convert: (text) => checked(text.trim(), /^\S+$/, 'a URI without spaces'),
  },
  date: {
    gives: ['date', 'dateTime'],
    time: (text, degree) => ({ text: toDate(readDtm(text, degree)), assumed: undefined }),
  },
  dateTime: { gives: ['dateTime'], time: (text, degree, zone) => toDateTime(readDtm(text, degree), zone) },
  instant,
  time: { gives: ['time'], convert: (text) => toTime(text) },
  // FHIR asks for the precision as sent (5.10 is not 5.1); JSON numbers can't hold that.
  decimal: {
    gives: ['decimal'],
    convert: (text) => Number(checked(text.trim(), /^[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})$/, 'a number')),
  },
  integer: {
    gives: ['integer'],
    convert: (text) => Number(checked(text.trim(), /^[+-]?\d{1,9}$/, 'a whole number')),
  },
  positiveInt: {
    gives: ['positiveInt', 'unsignedInt', 'integer'],
    convert: (text) => Number(checked(text.trim(), /^\+?0*[1-9]\d{0,8}$/, 'a whole number above 0')),
  },
  boolean: {
    gives: ['boolean'],
    convert: (text) => checked(text.trim().toUpperCase(), /^[YN]$/, 'Y or N') === 'Y',
  },
  base64Binary: {
    gives: ['base64Binary'],
    // Groups of four in the pattern itself would overflow the stack from 5 MB on.
    convert: (text) => {
      const base64 = checked(text.replaceAll(/\s/g, ''), /^[A-Za-z0-9+/]*={0,2}$/, 'base64');
      if (base64.length % 4 !== 0) throw new PipehatError('mapping-bad-value', { expected: 'base64' });
      return base64;
    },
  },
};

/** The conversion that a target of this FHIR type means when the rule names none. */
export function usualConversion(type: string): string | undefined {
  if (Object.hasOwn(conversions, type)) return type;
  return Object.keys(conversions).find((name) => conversions[name]?.gives.includes(type));
}

/** Nearly every code is: looking is cheaper than replacing. */
function singleSpaced(text: string): string {
  return /\s/.test(text) ? text.replaceAll(/\s+/g, ' ') : text;
}

function checked(text: string, form: RegExp, expected: string): string {
  if (!form.test(text)) throw new PipehatError('mapping-bad-value', { expected });
  return text;
}
