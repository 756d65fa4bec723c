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

/** A byte order mark belongs to the file, not to its first message. */
const MARK = [0xef, 0xbb, 0xbf];

/** So many bytes tell whether a file is in UTF-16 or UTF-32. */
const FORM_BYTES = 4;

/** Where something begins: line, from 1 on, and byte, from 0 on. */
export interface Place {
  readonly line: number;
  readonly offset: number;
}

/** What stands in a file. */
export type Piece =
  /** A message as it stands, or text that is none: reading it gives the error that says what is wrong. */
  | ({ readonly kind: 'message'; readonly bytes: Uint8Array } & Place)
  /** A line of an envelope, read as Latin-1, without its line break. */
  | ({
      readonly kind: 'envelope';
      readonly name: 'FHS' | 'BHS' | 'BTS' | 'FTS';
      readonly text: string;
    } & Place)
  /** A start block (0B) that no end block (1C) follows before the next one, or before the end. */
  | ({ readonly kind: 'unfinished' } & Place);

/** Cuts a stream into its pieces. */
export interface Splitter {
  /** The pieces that are sure to be whole with these bytes. They stay part of `chunk`, which must not change any more. */
  push(chunk: Uint8Array): Piece[];
  /** What is left when nothing more comes. */
  end(): Piece[];
}

/**
 * A splitter at the beginning of a file. A message starts with a line that starts with MSH, or with a start block (0B),
 * and ends before the next start, an envelope segment or an end block (1C). Lines before the first MSH that are no
 * envelope come out as a piece of their own. Blank lines between messages belong to none. A file in UTF-16 or
 * UTF-32 is one message: its bytes can't be cut before they are decoded.
 *
 * Time is linear in the bytes, however they are cut; memory holds one message and one chunk.
 */
export function createSplitter(): Splitter {
  // All positions are offsets in the whole file; `held` has the bytes from `base` to `total`.
  let held: Buffer = Buffer.alloc(0);
  let base = 0;
  let total = 0;
  let at = 0;
  let lineFrom = 0;
  let line = 1;
  let afterCr = false;
  let open: Place | undefined;
  let openEnd = 0;
  let block: Place | undefined;
  let pieces: Piece[] = [];
  /** Two or four bytes a character; undefined as long as too few have come to tell. */
  let isWide: boolean | undefined;

  /** Keeps what is still open. Grows to twice of it, so that a long message is copied twice, not once a chunk. */
  const append = (chunk: Uint8Array): void => {
    const keep = open?.offset ?? lineFrom;
    const used = total - base;
    if (keep === total) {
      held = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      base = total;
    } else if (used + chunk.length <= held.length) held.set(chunk, used);
    else {
      const rest = held.subarray(keep - base, used);
      held = Buffer.allocUnsafe(Math.max(2 * rest.length, rest.length + chunk.length));
      held.set(rest);
      held.set(chunk, rest.length);
      base = keep;
    }
    total += chunk.length;
  };

  const closeMessage = (): void => {
    if (open === undefined) return;
    pieces.push({ kind: 'message', ...open, bytes: held.subarray(open.offset - base, openEnd - base) });
    open = undefined;
  };

  const takeLine = (to: number, next: number): void => {
    let from = lineFrom;
    if (from === 0 && MARK.every((byte, i) => held[i - base] === byte)) from = Math.min(MARK.length, to);
    const framed = from < to && held[from - base] === VT;
    const place = { line, offset: from };
    if (framed) from += 1;
    const closed = to > from && held[to - 1 - base] === FS;
    const end = closed ? to - 1 : to;
    const opening = held.toString('latin1', from - base, Math.min(from + 4, end) - base);
    const envelope = ENVELOPE.test(opening);
    if (framed || envelope || START.test(opening)) closeMessage();
    if (framed) {
      if (block !== undefined) pieces.push({ kind: 'unfinished', ...block });
      block = place;
    }
    if (envelope) {
      const text = held.toString('latin1', from - base, end - base);
      const name = opening.slice(0, 3).toUpperCase() as 'FHS';
      pieces.push({ kind: 'envelope', name, text, line, offset: from });
    } else if (!isBlank(held, from - base, end - base)) {
      open ??= { line, offset: from };
      openEnd = closed ? end : next;
    }
    if (closed) {
      closeMessage();
      block = undefined;
    }
  };

  /** LF after CR ends the same line. */
  const takeFeed = (): void => {
    if (open !== undefined && openEnd === lineFrom) openEnd += 1;
    lineFrom += 1;
    afterCr = false;
  };

  const lookAtForm = (): void => {
    const form = unicodeForm(held.subarray(0, total));
    isWide = form !== undefined && form.name !== 'UNICODE UTF-8';
    if (isWide) open = { line, offset: 0 };
  };

  const takeLines = (): void => {
    for (; at < total; at++) {
      const byte = held[at - base];
      if (byte !== CR && byte !== LF) continue;
      if (byte === LF && afterCr && at === lineFrom) takeFeed();
      else {
        takeLine(at, at + 1);
        lineFrom = at + 1;
        line += 1;
        afterCr = byte === CR;
      }
    }
  };

  const taken = (): Piece[] => {
    const given = pieces;
    pieces = [];
    return given;
  };

  return {
    push(chunk) {
      append(chunk);
      if (isWide === undefined && total >= FORM_BYTES) lookAtForm();
      if (isWide === false) takeLines();
      return taken();
    },
    end() {
      if (isWide === undefined) lookAtForm();
      if (isWide) openEnd = total;
      else {
        takeLines();
        if (lineFrom < total) takeLine(total, total);
      }
      lineFrom = total;
      closeMessage();
      if (block !== undefined) pieces.push({ kind: 'unfinished', ...block });
      block = undefined;
      return taken();
    },
  };
}

/** The messages of a file, each as it stands there, without envelopes and blocks. See {@link createSplitter}. */
export function* splitMessages(bytes: Uint8Array): Iterable<Uint8Array> {
  const splitter = createSplitter();
  for (const piece of [...splitter.push(bytes), ...splitter.end()]) {
    if (piece.kind === 'message') yield piece.bytes;
  }
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== SPACE && bytes[at] !== TAB) return false;
  return true;
}
