/** Acknowledgements (HL7 2.9 §2.9.2 and §2.14.1, MSA and ERR of chapter 2): writing ours, reading others'. */
import { PipehatError } from '../errors.ts';
import { escape, unescape } from './escape.ts';
import type { Header } from './header.ts';
import { type Delimiters, readMessage } from './message.ts';
import { part } from './parts.ts';

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
  const f = delimiters.field;
  const c = delimiters.component;
  const encoding = [
    c,
    delimiters.repetition,
    delimiters.escape,
    delimiters.subcomponent,
    delimiters.truncation,
  ].join('');
  const [sendingApplication, sendingFacility, receivingApplication, receivingFacility] =
    header?.addresses ?? ['', '', '', ''];
  const type = ['ACK', header?.event, isBefore(version, '2.3.1') ? '' : 'ACK']
    .filter((piece) => piece)
    .join(c);
  const msh = [
    ...[
      'MSH',
      encoding,
      receivingApplication,
      receivingFacility,
      sendingApplication,
      sendingFacility,
      time,
      '',
    ],
    ...[header?.event ? type : 'ACK', control_id, header?.processing_id || 'P', version],
  ];
  if (header?.charset[0]) msh.push('', '', '', '', '', header.charset.join(delimiters.repetition));
  const msa = ['MSA', code, header?.control_id ?? ''];
  // MSA-3 was withdrawn in 2.7; ERR-8 says it there.
  if (problem !== undefined && isBefore(version, '2.7')) msa.push(escape(problem.says, delimiters));
  const segments = [msh, msa];
  if (problem !== undefined) segments.push(errSegment(problem, version, delimiters));
  return segments.map((fields) => `${withoutTrailing(fields.join(f), f)}\r`).join('');
}

/** A segment ends with its last value: separators behind it say nothing. */
function withoutTrailing(segment: string, separator: string): string {
  let end = segment.length;
  while (segment[end - 1] === separator) end -= 1;
  return segment.slice(0, end);
}

/** ERR: one composite up to 2.4, fields of their own from 2.5 on. */
function errSegment(problem: AckProblem, version: string, delimiters: Delimiters): string[] {
  const { component: c, subcomponent: s } = delimiters;
  const words = CONDITIONS[problem.condition] ?? '';
  const place = /^([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+)(?:\[(\d+)\])?(?:\.(\d+)(?:\.(\d+))?)?)?/.exec(
    problem.at ?? '',
  );
  const [, segment = '', sequence = '1', field = '', repetition, component, subcomponent] = place ?? [];
  if (isBefore(version, '2.5')) {
    const condition = [problem.condition, words, 'HL70357'].join(s);
    return ['ERR', [segment, segment && sequence, field, condition].join(c)];
  }
  const location = [
    segment,
    segment && sequence,
    field,
    field && (repetition ?? '1'),
    component,
    subcomponent,
  ].map((piece) => piece ?? '');
  while (location.at(-1) === '') location.pop();
  return [
    ...['ERR', '', location.join(c), [problem.condition, words, 'HL70357'].join(c), 'E'],
    ...[[problem.code, '', 'L'].join(c), '', '', escape(problem.says, delimiters)],
  ];
}

/** Is version `a` older than `b`? Both like `2.5.1`. */
function isBefore(a: string, b: string): boolean {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] || 0) - (right[i] || 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
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
  const c = delimiters.component;
  const errors = message.all('ERR').map((err): AckError => {
    const old = err.field(3) === '';
    const location = old ? err.field(1) : err.field(2);
    const code = old ? part(err.field(1), c, 4).split(delimiters.subcomponent) : err.field(3).split(c);
    const segment = part(location, c, 1);
    const field = part(location, c, 3);
    return {
      location: field === '' ? segment : `${segment}-${field}`,
      condition: code[0] ?? '',
      says: unescape(err.field(8) || (code[1] ?? ''), delimiters),
    };
  });
  return { code: msa.field(1), control_id: msa.field(2), text: unescape(msa.field(3), delimiters), errors };
}
