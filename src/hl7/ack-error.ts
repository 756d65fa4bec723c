/** ERR (chapter 2, §2.14.5 in HL7 2.9): what is wrong with a message, in the form of the sender's version. */
import { escape } from './escape.ts';
import type { Delimiters } from './message.ts';
import { isBefore } from './version.ts';

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

/** One thing that ERR says. */
export interface AckProblem {
  /** Table 0516. Only an error has a message refused; a warning and an information ride along with any answer. */
  readonly severity: 'E' | 'W' | 'I';
  /** Our own code, for ERR-5. */
  readonly code: string;
  readonly says: string;
  /** Table 0357. */
  readonly condition: string;
  /** Place: `MSH-9.1`, `PID[2]-3[4].5.6`, or a segment's name. */
  readonly at: string | undefined;
}

/** Text of ours made fit to stand in a field. */
export type Encode = (text: string) => string;

/** ERR-8 (TX 250 up to 2.6, and a recommendation since). */
const MOST_USER_MESSAGE = 250;

/**
 * The ERR segments, as fields: one for each problem from 2.5 on; before that, one segment with a repetition of ERR-1 for
 * each error. Versions before 2.5 have no severity, so what is no error is left out there.
 */
export function errSegments(
  problems: readonly AckProblem[],
  version: string,
  delimiters: Delimiters,
  encode: Encode,
): string[][] {
  if (!isBefore(version, '2.5')) {
    return problems.map((problem) => modernSegment(problem, delimiters, encode));
  }
  const errors = problems.filter(({ severity }) => severity === 'E');
  // A sender whose MSH-2 names no repetition separator can be told of one error.
  const places = errors.slice(0, delimiters.repetition === '' ? 1 : undefined);
  if (places.length === 0) return [];
  return [['ERR', places.map((problem) => oldPlace(problem, delimiters)).join(delimiters.repetition)]];
}

/** `code^words^HL70357`, its parts separated by `by`. */
export function conditionOf({ condition }: AckProblem, by: string): string {
  return [condition, CONDITIONS[condition] ?? '', 'HL70357'].join(by);
}

const PLACE = /^([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+)(?:\[(\d+)\])?(?:\.(\d+)(?:\.(\d+))?)?)?/;

/** ERR-1 of 2.1 to 2.4 (CM, ELD from 2.3.1 on): segment, sequence, field, and code with its parts one level below. */
function oldPlace(problem: AckProblem, { component, subcomponent }: Delimiters): string {
  const [, segment = '', number = '1', field = ''] = PLACE.exec(problem.at ?? '') ?? [];
  return [segment, segment && number, field, conditionOf(problem, subcomponent)].join(component);
}

/** ERR-2 (ERL), ERR-3 (CWE), ERR-4, ERR-5 and ERR-8 of 2.5 and later. */
function modernSegment(problem: AckProblem, delimiters: Delimiters, encode: Encode): string[] {
  const { component: c } = delimiters;
  const found = PLACE.exec(problem.at ?? '') ?? [];
  const [, segment = '', number = '1', field = '', repetition = '1', component = '', subcomponent = ''] =
    found;
  const place = [segment, segment && number, field, field && repetition, component, subcomponent];
  const code = [escape(problem.code, delimiters), '', 'L'].join(c);
  const says = escape(encode(cut(problem.says, MOST_USER_MESSAGE)), delimiters);
  return ['ERR', '', trimmed(place).join(c), conditionOf(problem, c), problem.severity, code, '', '', says];
}

/** At most so many characters, whole ones. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : Array.from(text).slice(0, most).join('');
}

/** Without empty pieces at the end: they say nothing. */
export function trimmed(pieces: readonly string[]): readonly string[] {
  return pieces.slice(0, pieces.findLastIndex((piece) => piece !== '') + 1);
}
