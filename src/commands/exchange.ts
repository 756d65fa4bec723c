/** One message sent, and what the receiver said: done, and told. */
import { PipehatError } from '../errors.ts';
import { type Ack, type AckError, readAck } from '../hl7/ack.ts';
import { unicodeForm } from '../hl7/byte-order.ts';
import { type Header, headerBytes, headerOf } from '../hl7/header.ts';
import { readable } from '../hl7/readable.ts';
import type { MllpClient } from '../mllp/client.ts';
import type { MllpReceiver } from '../mllp/dial.ts';
import { errorJson } from './command.ts';
import { asksForOthers, sendEnhanced } from './enhanced.ts';
import type { Input } from './inputs.ts';
import { printable } from './printable.ts';

/** What became of one message. */
export interface Exchange {
  readonly file: string;
  /** MSH-9 as `ADT^A01`; `''` where the bytes are no HL7. */
  readonly type: string;
  /** MSH-10. */
  readonly control_id: string;
  /** MSA-1 of each answer: one in original mode, up to two in enhanced mode. Empty where none came. */
  readonly acks: readonly string[];
  readonly ms: number;
  /** What the receiver complains of. */
  readonly errors: readonly AckError[];
  /** Why no ACK came, where one should have. */
  readonly error: PipehatError | undefined;
}

/** Sends one message as it is, HL7 or not. Throws `mllp-unreachable`: then later ones need not be tried. */
export async function exchange(
  client: MllpClient,
  input: Input,
  receiver: MllpReceiver,
  interrupted: AbortSignal,
): Promise<Exchange> {
  const { file } = input;
  const nothing = { file, type: '', control_id: '', acks: [], ms: 0, errors: [] };
  if (input.error !== undefined) return { ...nothing, error: input.error };
  const header = headerOf(input.bytes);
  const type = header === undefined ? '' : `${header.code}^${header.event}`;
  const control_id = header === undefined ? '' : controlIdOf(header);
  const started = performance.now();
  const took = () => Math.round((performance.now() - started) * 10) / 10;
  const read = (answer: Buffer): Ack => readAnswer(answer, control_id, receiver);
  const want = asksForOthers(header);
  try {
    const answers =
      want === undefined
        ? [await client.send(input.bytes, read)]
        : await sendEnhanced(input.bytes, want, read, receiver, interrupted);
    const acks = answers.map(({ code }) => code);
    const errors = answers.flatMap(complaints);
    return { file, type, control_id, acks, ms: took(), errors, error: undefined };
  } catch (error) {
    if (!(error instanceof PipehatError) || error.code === 'mllp-unreachable') throw error;
    return { ...nothing, type, control_id, ms: took(), error };
  }
}

/** Did the receiver take it (HL7 table 0008)? No answer where none was to come counts as yes. */
export function isAccepted({ acks, error }: Exchange): boolean {
  return error === undefined && acks.every((ack) => ack === 'AA' || ack === 'CA');
}

/** What the receiver said, in a word: `AA`, `CA AA`, or nothing. */
export function ackText({ acks }: Exchange): string {
  return acks.join(' ');
}

/** For programs. */
export function exchangeJson(done: Exchange): object {
  const { file, control_id, ms, errors, error } = done;
  const ack = ackText(done) || null;
  return { file, control_id, ack, ms, errors, ...(error && { error: errorJson(error) }) };
}

/** For people: `file  type  control id → AR 200 MSH-9.1 …`, one line. */
export function exchangeText(done: Exchange): string {
  const { file, type, control_id, errors, error } = done;
  const complaint = ({ condition, location, says }: AckError) =>
    [condition, location, says].filter((text) => text !== '').join(' ');
  const said = [ackText(done) || 'no ACK asked for', errors.map(complaint).join('; ')].join(' ');
  const answer = error === undefined ? said : `no ACK: ${error.message} [${error.code}]`;
  return `${printable(`${file}  ${type || 'not HL7'}  ${control_id || '-'} → ${answer}`).trimEnd()}\n`;
}

/** `3 messages in 0.1 s (30 /s): 2 AA, 1 AR`. `answers` counts by MSA-1, with `''` for none. */
export function summary(answers: ReadonlyMap<string, number>, ms: number): string {
  const all = [...answers.values()].reduce((sum, number) => sum + number, 0);
  const counts = [...answers].map(([word, number]) => `${number} ${printable(word) || 'without an ACK'}`);
  const rate = Math.round((all * 1000) / Math.max(ms, 1));
  const noun = all === 1 ? 'message' : 'messages';
  return `${all} ${noun} in ${(ms / 1000).toFixed(1)} s (${rate} /s): ${counts.join(', ')}\n`;
}

/** MSH-10: its bytes as Latin-1, but in UTF-16 and UTF-32, where only the text can be compared. */
function controlIdOf(header: Header): string {
  const bytes = headerBytes(header, header.control_id);
  return bytes.includes(0) ? header.control_id : bytes.toString('latin1');
}

/** What it throws closes the connection: after an answer to something else, no later one can be trusted. */
function readAnswer(
  answer: Buffer,
  control_id: string,
  { host, port }: Pick<MllpReceiver, 'host' | 'port'>,
): Ack {
  // Read as Latin-1, as readHeader gives MSH-10: so equal bytes have equal text.
  const text = unicodeForm(answer) === undefined ? answer.toString('latin1') : readable(answer);
  const named = readAck(text).control_id;
  // Bytes without a control id are sent too, and their answer can name none.
  if (control_id !== '' && named !== control_id) throw new PipehatError('mllp-wrong-answer', { host, port });
  return readAck(readable(answer));
}

/** The ERR segments; where there are none, MSA-3. */
function complaints({ errors, text }: Ack): readonly AckError[] {
  return errors.length === 0 && text !== '' ? [{ location: '', condition: '', says: text }] : errors;
}
