/** Acknowledgements (HL7 2.9 §2.9.2 and §2.14.1, MSA and ERR of chapter 2): writing ours, reading others'. */
import { PipehatError } from '../errors.ts';
import { escape, unescape } from './escape.ts';
import type { Header } from './header.ts';
import { type Delimiters, readMessage, type Segment } from './message.ts';
import { part, parts } from './parts.ts';
import { isBefore } from './version.ts';

/** Table 0008. A: application acknowledgement, C: commit acknowledgement. */
export type AckCode = 'AA' | 'AE' | 'AR' | 'CA' | 'CE' | 'CR';

/** Table 0357, and the words for its codes. */
const CONDITIONS: Readonly<Record<string, string>> = {
  '0': 'Message accepted',
  '100': 'Segment sequence error',
  '101': 'Required field missing',
  '102': 'Data type error',
  '103': 'Table value not found',
  '200': 'Unsupported message type',
  '201': 'Unsupported event code',
  '202': 'Unsupported processing id',
  '203': 'Unsupported version id',
  '204': 'Unknown key identifier',
  '205': 'Duplicate key identifier',
  '206': 'Application record locked',
  '207': 'Application internal error',
};

/** What ERR says. */
export interface AckProblem {
  /** Our own code, for ERR-5. */
  readonly code: string;
  readonly says: string;
  /** Table 0357. */
  readonly condition: string;
  /** Place: `MSH-9.1`, or a segment's name. */
  readonly at: string | undefined;
}

/** What an answer is made of. `header` is undefined when the message had none that could be read. */
export interface AckParts {
  readonly header: Header | undefined;
  readonly code: AckCode;
  /** MSH-10 of the answer. */
  readonly control_id: string;
  /** MSH-7 of the answer, as DTM. */
  readonly time: string;
  readonly problem?: AckProblem | undefined;
}

const STANDARD: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
  truncation: undefined,
};

/**
 * Builds the answer: the sender's delimiters, version, processing id, trigger event and character set, its addresses
 * turned round, and ERR in the form of its version. Bytes that weren't HL7 get an answer in version 2.5.1 with an
 * empty MSA-2. Segments end with CR.
 */
export function buildAck({ header, code, control_id, time, problem }: AckParts): string {
  const delimiters = header?.delimiters ?? STANDARD;
  const version = header?.version || '2.5.1';
  const segments = [
    mshSegment(header, delimiters, version, control_id, time),
    ['MSA', code, header?.control_id ?? ''],
  ];
  if (problem !== undefined) {
    // MSA-3 was withdrawn in 2.7; ERR-8 says it there.
    if (isBefore(version, '2.7')) segments[1]!.push(escape(problem.says, delimiters));
    segments.push(errSegment(problem, version, delimiters));
  }
  return segments.map((fields) => `${trimmed(fields).join(delimiters.field)}\r`).join('');
}

function mshSegment(
  header: Header | undefined,
  delimiters: Delimiters,
  version: string,
  control_id: string,
  time: string,
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
    ...['', '', '', '', '', header?.charset.join(repetition) ?? ''],
  ];
}

const PLACE = /^([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+)(?:\[(\d+)\])?(?:\.(\d+)(?:\.(\d+))?)?)?/;

/** ERR: one composite up to 2.4, fields of their own from 2.5 on. */
function errSegment(problem: AckProblem, version: string, delimiters: Delimiters): string[] {
  const { component: c, subcomponent: s } = delimiters;
  const found = PLACE.exec(problem.at ?? '') ?? [];
  const [, segment = '', number = '1', field = '', repetition = '1', component = '', subcomponent = ''] =
    found;
  const condition = [problem.condition, CONDITIONS[problem.condition] ?? '', 'HL70357'];
  const sequence = segment && number;
  if (isBefore(version, '2.5')) return ['ERR', [segment, sequence, field, condition.join(s)].join(c)];
  const location = trimmed([segment, sequence, field, field && repetition, component, subcomponent]).join(c);
  const ours = [escape(problem.code, delimiters), '', 'L'].join(c);
  return ['ERR', '', location, condition.join(c), 'E', ours, '', '', escape(problem.says, delimiters)];
}

/** Without empty pieces at the end: they say nothing. */
function trimmed(pieces: readonly string[]): readonly string[] {
  return pieces.slice(0, pieces.findLastIndex((piece) => piece !== '') + 1);
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
