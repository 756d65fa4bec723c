/** The kit's own look at an acknowledgement. It reads what is there, and forgives nothing that a case may want to know. */
import { shown } from './shown.ts';
import { failed } from './verdict.ts';

/** An acknowledgement. Text is Latin-1: one character a byte. */
export interface Answer {
  readonly bytes: Buffer;
  /** MSH-1 and MSH-2 of the answer. */
  readonly delimiters: string;
  /** MSA-1. */
  readonly code: string;
  /** MSA-2. */
  readonly control_id: string;
  /** The whole MSA segment. */
  readonly msa: string;
  /** AA or CA. */
  readonly taken: boolean;
  /** Fields of each ERR, numbered as HL7 does. */
  readonly errors: readonly (readonly string[])[];
  /** MSH-n. */
  msh(field: number): string;
  /** Code, and what the receiver says of it: `AR (MSH^1^9 | 200 | …)`. */
  readonly says: string;
}

/** Table 0008. */
export const CODES = ['AA', 'AE', 'AR', 'CA', 'CE', 'CR'];

/** Reads the answer between two blocks. Throws a `Finding` (fail) for what is no acknowledgement. */
export function readAnswer(bytes: Buffer): Answer {
  const text = bytes.toString('latin1');
  const field = text[3] ?? '';
  const segments = text.split(/\r\n|\r|\n/).map((segment) => segment.split(field));
  const msa = segments.find(([name]) => name === 'MSA');
  const msh = segments[0]!;
  if (msh[0] !== 'MSH' || field === '' || msa === undefined) {
    throw failed(`the answer is no acknowledgement (MSH and MSA): ${shown(bytes)}`);
  }
  const [, code = '', control_id = ''] = msa;
  const errors = segments.filter(([name]) => name === 'ERR');
  const complaint = [msa[3] ?? '', ...errors.flatMap((error) => error.slice(1))].filter(
    (part) => part !== '',
  );
  return {
    bytes,
    delimiters: field + (msh[1] ?? ''),
    code,
    control_id,
    msa: msa.join(field),
    taken: code === 'AA' || code === 'CA',
    errors,
    msh: (n) => msh[n - 1] ?? '',
    says: complaint.length === 0 ? code : `${code} (${shown(Buffer.from(complaint.join(' | '), 'latin1'))})`,
  };
}

/** The answers in one block: those inside of a batch of answers (FHS, BHS), else the one that it is. */
export function readAnswers(bytes: Buffer): Answer[] {
  const text = bytes.toString('latin1');
  if (!/^[FB]HS/.test(text)) return [readAnswer(bytes)];
  const [, ...each] = text.split(/(?<=[\r\n])(?=MSH)/);
  return each.map((one) => readAnswer(Buffer.from(one, 'latin1')));
}
