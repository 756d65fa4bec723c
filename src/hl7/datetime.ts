/**
 * HL7 dates and times (DTM and TM, HL7 2.9 §2A.3.21 and §2A.3.75) to those of FHIR. The precision stays what it is;
 * what is impossible is an error, never a guess.
 */
import { PipehatError } from '../errors.ts';

/** A DTM taken apart, each part as it was written. What is undefined was not said. */
export interface Dtm {
  readonly year: string;
  readonly month: string | undefined;
  readonly day: string | undefined;
  readonly hour: string | undefined;
  readonly minute: string | undefined;
  readonly second: string | undefined;
  /** With its dot: `.123`. */
  readonly fraction: string | undefined;
  /** As FHIR writes it: `+01:00`. */
  readonly offset: string | undefined;
}

/** YYYY[MM[DD[HH[MM[SS[.S…]]]]]][+/-ZZZZ]. The standard ends at four digits of a second; senders do not. */
const DTM =
  /^(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(\.\d{1,9})?)?)?)?)?)?(?:([+-]\d\d)(\d\d))?$/;

/** HH[MM[SS[.S…]]][+/-ZZZZ]. */
const TM = /^(\d\d)(?:(\d\d)(?:(\d\d)(\.\d{1,9})?)?)?(?:([+-]\d\d)(\d\d))?$/;

/** Reads a DTM, or the first component of a TS. Throws `hl7-bad-date` for another form and for the impossible. */
export function readDtm(text: string): Dtm {
  const found = DTM.exec(text.trim());
  if (found === null) throw new PipehatError('hl7-bad-date');
  const [, year = '', month, day, hour, minute, second, fraction, hours, minutes] = found;
  if (!isDate(year, month, day) || !isTime(hour, minute, second) || !isOffset(hours, minutes)) {
    throw new PipehatError('hl7-bad-date');
  }
  const offset = hours === undefined ? undefined : `${hours}:${minutes}`;
  return { year, month, day, hour, minute, second, fraction, offset };
}

function isDate(year: string, month = '01', day = '01'): boolean {
  // FHIR knows no year 0, and senders write 00000000 for "not known".
  if (year === '0000' || month < '01' || month > '12') return false;
  return day >= '01' && Number(day) <= new Temporal.PlainYearMonth(Number(year), Number(month)).daysInMonth;
}

function isTime(hour = '00', minute = '00', second = '00'): boolean {
  return hour <= '23' && minute <= '59' && second <= '59';
}

/** The widest offset in use, and in FHIR, is 14 hours. */
function isOffset(hours = '+00', minutes = '00'): boolean {
  return minutes <= '59' && Number(`${hours.slice(1)}${minutes}`) <= 1400;
}

/** FHIR `date`: YYYY, YYYY-MM or YYYY-MM-DD. A time of day is left out. */
export function toDate({ year, month, day }: Dtm): string {
  return [year, month, day].filter((part) => part !== undefined).join('-');
}

/**
 * FHIR `dateTime`. Without a time of day it is a date. With one it has minutes, seconds (`00` where not said) and an
 * offset: the one written, or that of `zone` (IANA) at that time. Throws `hl7-bad-date` for a time that the zone's
 * clocks skipped; of one that they showed twice, the first is meant.
 */
export function toDateTime(dtm: Dtm, zone: string): string {
  const { hour, minute = '00', second = '00', fraction = '' } = dtm;
  if (hour === undefined) return toDate(dtm);
  const local = `${toDate(dtm)}T${hour}:${minute}:${second}`;
  return `${local}${fraction}${dtm.offset ?? offsetAt(local, zone)}`;
}

/** FHIR `instant`: as {@link toDateTime}, and throws `hl7-bad-date` where there is no time of day. */
export function toInstant(dtm: Dtm, zone: string): string {
  if (dtm.hour === undefined) throw new PipehatError('hl7-bad-date');
  return toDateTime(dtm, zone);
}

/** FHIR `time`: HH:MM:SS. It has no offset, so one that the TM has is left out. Throws `hl7-bad-date`. */
export function toTime(text: string): string {
  const found = TM.exec(text.trim());
  if (found === null) throw new PipehatError('hl7-bad-date');
  const [, hour = '', minute = '00', second = '00', fraction = '', hours, minutes] = found;
  if (!isTime(hour, minute, second) || !isOffset(hours, minutes)) throw new PipehatError('hl7-bad-date');
  return `${hour}:${minute}:${second}${fraction}`;
}

/** The offset of `zone` at the local time `local`, in whole minutes as FHIR wants it. */
function offsetAt(local: string, zone: string): string {
  const wanted = Temporal.PlainDateTime.from(local);
  const found = wanted.toZonedDateTime(zone, { disambiguation: 'compatible' });
  // Where clocks are put forward, "compatible" answers with a later time than was asked for.
  if (!found.toPlainDateTime().equals(wanted)) throw new PipehatError('hl7-bad-date');
  return found.toString({ timeZoneName: 'never' }).slice(-6);
}
