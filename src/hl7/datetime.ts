/**
 * HL7 dates and times (DT, DTM, TS and TM; HL7 2.9 §2A.3.20, §2A.3.21 and §2A.3.75) to those of FHIR and back. The precision stays
 * what it is. What is impossible, or of another form, is an error, never a guess: 00000000, month 13, 30 February, 24:00, second
 * 60, and dates with dashes (`2024-0229` is the year 2024 at an offset). Blanks around are passed over; `Z` after a time is +0000.
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
  /^(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(\.\d{1,9})?)?)?)?)?)?(?:([+-]\d\d)(\d\d)|(?<=^\d{10}.*)Z)?$/;

/** HH[MM[SS[.S…]]][+/-ZZZZ]. */
const TM = /^(\d\d)(?:(\d\d)(?:(\d\d)(\.\d{1,9})?)?)?(?:([+-]\d\d)(\d\d)|Z)?$/;

/** TS.2, which versions before 2.6 have: how much of TS.1 is meant, from year to second. */
const DEGREES = 'YLDHMS';

/**
 * Reads a DTM, or the first component of a TS. `degree` is the second one (TS.2), which may mean less than is written; what is none
 * of its codes says nothing. Throws `hl7-bad-date` for another form and for the impossible.
 */
export function readDtm(text: string, degree = ''): Dtm {
  const trimmed = text.trim();
  const found = DTM.exec(trimmed);
  if (found === null) throw new PipehatError('hl7-bad-date');
  const [, year = '', month, day, hour, minute, second, fraction, hours, minutes] = found;
  if (!isDate(year, month, day) || !isTime(hour, minute, second) || !isOffset(hours, minutes)) {
    throw new PipehatError('hl7-bad-date');
  }
  const dtm = { year, month, day, hour, minute, second, fraction, offset: offsetOf(trimmed, hours, minutes) };
  const meant = degree.length === 1 ? DEGREES.indexOf(degree) : -1;
  return meant < 0 ? dtm : limited(dtm, meant);
}

/** What is finer than `meant`, a place in {@link DEGREES}, is taken as not said. */
function limited(dtm: Dtm, meant: number): Dtm {
  const upTo = <Part>(place: number, part: Part): Part | undefined => (meant >= place ? part : undefined);
  return {
    year: dtm.year,
    month: upTo(1, dtm.month),
    day: upTo(2, dtm.day),
    hour: upTo(3, dtm.hour),
    minute: upTo(4, dtm.minute),
    second: upTo(5, dtm.second),
    fraction: upTo(5, dtm.fraction),
    offset: dtm.offset,
  };
}

function offsetOf(text: string, hours: string | undefined, minutes: string | undefined): string | undefined {
  if (hours !== undefined) return `${hours}:${minutes}`;
  return text.endsWith('Z') ? '+00:00' : undefined;
}

/** Writes a DTM. Fractions longer than the four digits of the standard are kept as they are. */
export function formatDtm({
  year,
  month = '',
  day = '',
  hour = '',
  minute = '',
  second = '',
  fraction = '',
  offset = '',
}: Dtm): string {
  return `${year}${month}${day}${hour}${minute}${second}${fraction}${offset.replace(':', '')}`;
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

/** A time in FHIR, and what had to be assumed for it. */
export interface Converted {
  readonly text: string;
  /**
   * zone: no offset was written, so that of the zone was taken. repeated: so it was, and the clocks showed that time twice, when
   * they were put back; the first is meant.
   */
  readonly assumed: 'zone' | 'repeated' | undefined;
}

/** FHIR `date`: YYYY, YYYY-MM or YYYY-MM-DD. A time of day is left out. */
export function toDate({ year, month, day }: Dtm): string {
  return [year, month, day].filter((part) => part !== undefined).join('-');
}

/**
 * FHIR `dateTime`. Without a time of day it is a date. With one it has minutes, seconds (`00` where not said) and an
 * offset: the one written, or that of `zone` (IANA, or a fixed offset such as +01:00) at that time. Throws `hl7-bad-date` for a
 * time that the zone's clocks skipped; of one that they showed twice, the first is meant.
 */
export function toDateTime(dtm: Dtm, zone: string): Converted {
  const { hour, minute = '00', second = '00', fraction = '' } = dtm;
  if (hour === undefined) return { text: toDate(dtm), assumed: undefined };
  const local = `${toDate(dtm)}T${hour}:${minute}:${second}`;
  if (dtm.offset !== undefined) return { text: `${local}${fraction}${dtm.offset}`, assumed: undefined };
  const { offset, repeated } = offsetAt(local, zone);
  return { text: `${local}${fraction}${offset}`, assumed: repeated ? 'repeated' : 'zone' };
}

/** FHIR `instant`: as {@link toDateTime}, and throws `hl7-bad-date` where there is no time of day. */
export function toInstant(dtm: Dtm, zone: string): Converted {
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

/** FHIR `date`, `dateTime` and `instant` (R4). */
const FHIR = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d))?)?)?$/;

const FHIR_TIME = /^(\d\d):(\d\d):(\d\d)(\.\d{1,9})?$/;

/** FHIR `date`, `dateTime` or `instant` as a DTM of the same precision. Throws `fhir-bad-date`. */
export function fromFhir(text: string): Dtm {
  const found = FHIR.exec(text);
  if (found === null) throw new PipehatError('fhir-bad-date');
  const [, year = '', month, day, hour, minute, second, fraction, zone] = found;
  const offset = zone === 'Z' ? '+00:00' : zone;
  const [hours, minutes] = offset?.split(':') ?? [];
  if (!isDate(year, month, day) || !isTime(hour, minute, second) || !isOffset(hours, minutes)) {
    throw new PipehatError('fhir-bad-date');
  }
  return { year, month, day, hour, minute, second, fraction, offset };
}

/** FHIR `time` as a TM. Throws `fhir-bad-date`. */
export function fromTime(text: string): string {
  const found = FHIR_TIME.exec(text);
  if (found === null) throw new PipehatError('fhir-bad-date');
  const [, hour = '', minute = '', second = '', fraction = ''] = found;
  if (!isTime(hour, minute, second)) throw new PipehatError('fhir-bad-date');
  return `${hour}${minute}${second}${fraction}`;
}

/** Is it the name of an IANA time zone? An offset is none. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Z]/i.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The offset of `zone` at the local time `local`, in whole minutes as FHIR wants it. */
function offsetAt(local: string, zone: string): { offset: string; repeated: boolean } {
  const wanted = Temporal.PlainDateTime.from(local);
  const first = wanted.toZonedDateTime(zone, { disambiguation: 'earlier' });
  const last = wanted.toZonedDateTime(zone, { disambiguation: 'later' });
  const same = first.epochMilliseconds === last.epochMilliseconds;
  // Where clocks are put forward, both answers are of other times than was asked for.
  if (!same && !first.toPlainDateTime().equals(wanted)) throw new PipehatError('hl7-bad-date');
  return { offset: first.toString({ timeZoneName: 'never' }).slice(-6), repeated: !same };
}
