/** Acknowledgements (HL7 2.9 §2.9.2 and §2.14.1, MSA and ERR of chapter 2): writing ours, reading others'. */
import { PipehatError } from '../errors.ts';
import { type AckProblem, conditionOf, cut, type Encode, errSegments, trimmed } from './ack-error.ts';
import { escape, unescape } from './escape.ts';
import type { Header } from './header.ts';
import { type Delimiters, readMessage, type Segment } from './message.ts';
import { part, parts } from './parts.ts';
import { isBefore } from './version.ts';

/** Table 0008. A: application acknowledgement, C: commit acknowledgement. */
export type AckCode = 'AA' | 'AE' | 'AR' | 'CA' | 'CE' | 'CR';

/** What an answer is made of. `header` is undefined when the message had none that could be read. */
export interface AckParts {
  readonly header: Header | undefined;
  readonly code: AckCode;
  /** MSH-10 of the answer. */
  readonly control_id: string;
  /** MSH-7 of the answer, as DTM. */
  readonly time: string;
  /** The gravest first: MSA-3 says that one. */
  readonly problems?: readonly AckProblem[];
  /** MSH-15 and MSH-16 (table 0155), for an application acknowledgement of enhanced mode. */
  readonly asks?: { readonly accept: 'AL' | 'NE'; readonly application: 'NE' };
  /**
   * Turns text of ours into that of the answer. The fields of `header` are bytes read as Latin-1, so the whole answer is, and
   * what we say has to be in the sender's character set, read in the same way. ASCII stays as it is without it.
   */
  readonly encode?: Encode;
}

const STANDARD: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
  truncation: undefined,
};

/** MSA-3 (ST 80) says why, until ERR-8 took its place: 2.7 withdrew it. */
const MOST_TEXT_MESSAGE = 80;

/**
 * Builds the answer: the sender's delimiters, version, processing id, trigger event and character set, its addresses
 * turned round, and ERR in the form of its version. Bytes that weren't HL7 get an answer in version 2.5.1 with an
 * empty MSA-2. Segments end with CR.
 */
export function buildAck(ack: AckParts): string {
  const { header, problems = [], encode = (text) => text } = ack;
  const delimiters = header?.delimiters ?? STANDARD;
  const version = header?.version || '2.5.1';
  const segments = [
    mshSegment(ack, delimiters, version),
    msaSegment(ack, delimiters, version, encode),
    ...errSegments(problems, version, delimiters, encode),
  ];
  return segments.map((fields) => `${trimmed(fields).join(delimiters.field)}\r`).join('');
}

function msaSegment(
  { header, code, problems = [] }: AckParts,
  delimiters: Delimiters,
  version: string,
  encode: Encode,
): string[] {
  const msa = ['MSA', code, header?.control_id ?? ''];
  const [first] = problems;
  if (first === undefined || !isBefore(version, '2.7')) return msa;
  msa.push(escape(encode(cut(first.says, MOST_TEXT_MESSAGE)), delimiters));
  // MSA-6 has the code of table 0357 from 2.3 to 2.4; ERR-3 took its place.
  const hasCondition = !isBefore(version, '2.3') && isBefore(version, '2.5');
  if (hasCondition && first.severity === 'E') msa.push('', '', conditionOf(first, delimiters.component));
  return msa;
}

function mshSegment(
  { header, control_id, time, asks }: AckParts,
  delimiters: Delimiters,
  version: string,
): string[] {
  const { component, repetition, escape: mark, subcomponent, truncation = '' } = delimiters;
  const encoding = component + repetition + mark + subcomponent + truncation;
  const [application, facility, ourApplication, ourFacility] = header?.addresses ?? ['', '', '', ''];
  // MSH-9.3 came with 2.3.1.
  const type = header?.event
    ? ['ACK', header.event, ...(isBefore(version, '2.3.1') ? [] : ['ACK'])]
    : ['ACK'];
  return [
    ...['MSH', encoding, ourApplication, ourFacility, application, facility, time, ''],
    ...[type.join(component), control_id, header?.processing_id || 'P', version],
    ...['', '', asks?.accept ?? '', asks?.application ?? '', '', header?.charset.join(repetition) ?? ''],
  ];
}

/** An acknowledgement as read. */
export interface Ack {
  /** MSA-1, as it is. */
  readonly code: string;
  /** MSA-2: the control id of the message it answers. */
  readonly control_id: string;
  /** MSA-3. May quote the message: not for logs. */
  readonly text: string;
  readonly errors: readonly AckError[];
}

/** One ERR of an acknowledgement. */
export interface AckError {
  /** As an HL7 path where it could be read: `PID-3`. */
  readonly location: string;
  /** Table 0357 code. */
  readonly condition: string;
  /** ERR-8, or the words of the code. May quote the message: not for logs. */
  readonly says: string;
}

/** Reads an acknowledgement. Throws `hl7-no-msh` and `hl7-bad-ack` (no MSA, or an empty one). */
export function readAck(text: string): Ack {
  const message = readMessage(text);
  const { delimiters } = message;
  const msa = message.first('MSA');
  if (msa === undefined || msa.field(1) === '') throw new PipehatError('hl7-bad-ack');
  const errors = message.all('ERR').map((err) => readError(err, delimiters));
  return { code: msa.field(1), control_id: msa.field(2), text: unescape(msa.field(3), delimiters), errors };
}

/** ERR-2, 3 and 8 of version 2.5 and later, else ERR-1 of older ones. */
function readError(err: Segment, delimiters: Delimiters): AckError {
  const { component: c, subcomponent: s } = delimiters;
  const old = err.field(3) === '';
  const place = err.field(old ? 1 : 2);
  const condition = old ? parts(part(place, c, 4), s) : parts(err.field(3), c);
  const [segment = '', , field = ''] = parts(place, c);
  return {
    location: field === '' ? segment : `${segment}-${field}`,
    condition: condition[0] ?? '',
    says: unescape(err.field(8) || (condition[1] ?? ''), delimiters),
  };
}
