/** Files of messages: one or many, framed as for MLLP, in batch envelopes, or one after another. */

import { unicodeForm } from './byte-order.ts';

const VT = 0x0b;
const FS = 0x1c;
const CR = 0x0d;
const LF = 0x0a;
const TAB = 0x09;
const SPACE = 0x20;

/** A line that starts a message. */
const START = /^MSH[^A-Z0-9]/i;

/** Batch headers and trailers (HL7 2.9 §2.10.3): file and batch, not messages. */
const ENVELOPE = /^(?:FHS|BHS|BTS|FTS)(?:[^A-Z0-9]|$)/i;

/**
 * The messages of a file, each as it stands there. A message starts with a line that starts with MSH, or with a start
 * block (0B), and ends before the next start, an envelope segment or an end block (1C). Lines before the first MSH that
 * are no envelope come out as a piece of their own: reading it gives the error that says what is wrong. Blank lines
 * between messages belong to none. A file in UTF-16 or UTF-32 is one message: its bytes can't be cut before they are decoded.
 */
export function* splitMessages(bytes: Uint8Array): Iterable<Uint8Array> {
  const form = unicodeForm(bytes);
  if (form !== undefined && form.name !== 'UNICODE UTF-8') {
    yield bytes;
    return;
  }
  let start: number | undefined;
  let end = 0;
  for (const line of lines(bytes)) {
    const framed = bytes[line.from] === VT;
    const from = framed ? line.from + 1 : line.from;
    const opening = String.fromCharCode(...bytes.subarray(from, Math.min(from + 4, line.to)));
    const envelope = ENVELOPE.test(opening);
    if (start !== undefined && (framed || envelope || START.test(opening))) {
      yield bytes.subarray(start, end);
      start = undefined;
    }
    if (envelope) continue;
    const closed = line.to > from && bytes[line.to - 1] === FS;
    const to = closed ? line.to - 1 : line.to;
    if (!isBlank(bytes, from, to)) {
      start ??= from;
      end = closed ? to : line.next;
    }
    if (closed && start !== undefined) {
      yield bytes.subarray(start, end);
      start = undefined;
    }
  }
  if (start !== undefined) yield bytes.subarray(start, end);
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== SPACE && bytes[at] !== TAB) return false;
  return true;
}

interface Line {
  readonly from: number;
  /** End without the line break, and where the next line starts. */
  readonly to: number;
  readonly next: number;
}

function* lines(bytes: Uint8Array): Iterable<Line> {
  // A byte order mark belongs to the file, not to its first message.
  let from = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (from < bytes.length) {
    let to = from;
    while (to < bytes.length && bytes[to] !== CR && bytes[to] !== LF) to += 1;
    const next = Math.min(bytes.length, bytes[to] === CR && bytes[to + 1] === LF ? to + 2 : to + 1);
    yield { from, to, next };
    from = next;
  }
}
