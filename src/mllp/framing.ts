/**
 * MLLP framing (HL7 "Minimal Lower Layer Protocol" release 1): `0x0B`, the message, `0x1C 0x0D`. Bytes in, frames out;
 * no I/O. The stream may be cut anywhere, time spent is linear in its length, and a frame's bytes are copied once at most.
 */
import { PipehatError } from '../errors.ts';
import { createPieces } from './pieces.ts';

const START = 0x0b;
const END = 0x1c;
const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const BLOCK_START = Buffer.from([START]);
const BLOCK_END = Buffer.from([END, CR]);
/** What every message starts with. Outside of a frame, at the start of a line, it is a message without its start block. */
const HEADER = Buffer.from('MSH');
/** How much of a frame that is too large is shown: enough for its MSH. */
const HEAD_BYTES = 4096;

/**
 * What the stream held:
 * - `frame`: one whole message, without its blocks. Empty where a keep-alive was framed.
 * - `unfinished`: text that began as a frame and never got its end block: the next frame, or the end of the stream, came first.
 * - `unstarted`: text that began with MSH and no start block before it, up to an end block, the next frame or the end of the stream.
 * - `too-large`: a frame over the limit. `bytes` is its beginning. It is the last event of its stream.
 * - `junk`: `count` other bytes outside of frames. `blank` if all are white space or NUL, as keep-alives are.
 */
export type FramerEvent =
  | { readonly kind: 'frame'; readonly bytes: Buffer }
  | { readonly kind: 'unfinished'; readonly bytes: Buffer }
  | { readonly kind: 'unstarted'; readonly bytes: Buffer }
  | { readonly kind: 'too-large'; readonly bytes: Buffer }
  | { readonly kind: 'junk'; readonly count: number; readonly blank: boolean };

/** Cuts one stream into frames. */
export interface Framer {
  /** The events that end in this chunk, in order. Frames may share memory with `chunk`. */
  push(chunk: Buffer): FramerEvent[];
  /** The stream is over: what is left. */
  end(): FramerEvent[];
  /** Whether a message has begun and not ended. */
  readonly inside: boolean;
  /** Bytes kept of that message. */
  readonly held_bytes: number;
}

/** A framer for one connection. No frame over `max_bytes` comes out, and little more than that is ever kept. */
export function createFramer({ max_bytes }: { max_bytes: number }): Framer {
  const pieces = createPieces();
  /** What the bytes kept are when no end block comes; undefined outside of a message. */
  let open: 'unfinished' | 'unstarted' | undefined;
  let over = false;
  /** The last byte of what is open: what two bytes in a row decide may be cut between them. */
  let last = 0;
  /** How much of MSH stands at the start of this line, outside of a message; -1 in the midst of a line. */
  let matched = 0;

  /** At its very beginning a message is as after the end of a segment: another start block there begins it anew. */
  const begin = (how: 'unfinished' | 'unstarted'): void => {
    open = how;
    last = CR;
    matched = 0;
  };

  /** Ends what is open, without the `cut` last bytes, which are of the end block. */
  const finish = (kind: 'frame' | 'unfinished' | 'unstarted', cut = 0): FramerEvent => {
    open = undefined;
    return { kind, bytes: pieces.take(pieces.size - cut) };
  };

  /** Goes from `at` to `to`, outside of a message, unless one begins without its block. Gives the place after what it read. */
  const passBy = (chunk: Buffer, at: number, to: number, events: FramerEvent[]): number => {
    let count = 0;
    let blank = true;
    let i = at;
    while (i < to && open === undefined) {
      const byte = chunk[i++]!;
      if (byte === HEADER[matched]) {
        matched++;
        if (matched < HEADER.length) continue;
        begin('unstarted');
        keep(HEADER);
        continue;
      }
      // What looked like MSH is none.
      if (matched > 0) blank = false;
      count += 1 + Math.max(matched, 0);
      blank &&= byte <= SPACE;
      matched = endsSegment(byte) || (matched === 0 && byte <= SPACE) ? 0 : -1;
    }
    if (i < chunk.length && i === to && open === undefined && matched > 0) {
      count += matched;
      blank = false;
    }
    if (count > 0) events.push({ kind: 'junk', count, blank });
    return i;
  };

  const keep = (bytes: Buffer): void => {
    pieces.add(bytes);
    if (bytes.length > 0) last = bytes[bytes.length - 1]!;
  };

  return {
    get inside() {
      return open !== undefined;
    },
    get held_bytes() {
      return pieces.size;
    },
    push(chunk) {
      const events: FramerEvent[] = [];
      // Each byte is looked at once for either block, however many messages are in the chunk.
      const nextStart = searchIn(chunk, BLOCK_START);
      const nextEnd = searchIn(chunk, BLOCK_END);
      let at = 0;
      while (at < chunk.length && !over) {
        if (open === undefined) {
          const start = nextStart(at);
          at = passBy(chunk, at, start, events);
          if (open === undefined && at < chunk.length) {
            begin('unfinished');
            at++;
          }
          continue;
        }
        if (last === END && chunk[at] === CR) {
          events.push(finish(open === 'unstarted' ? open : 'frame', 1));
          at++;
          continue;
        }
        const end = nextEnd(at);
        let start = nextStart(at);
        while (start < end && !endsSegment(start === at ? last : chunk[start - 1]!))
          start = nextStart(start + 1);
        const to = Math.min(start, end);
        keep(chunk.subarray(at, to));
        // Half an end block at the end is not part of the message, if the rest of it comes.
        const length = pieces.size - (to !== end || end === chunk.length ? Number(last === END) : 0);
        if (length > max_bytes) {
          over = true;
          open = undefined;
          events.push({ kind: 'too-large', bytes: pieces.take(Math.min(max_bytes + 1, HEAD_BYTES)) });
        } else if (start < end) {
          if (pieces.size > 0) events.push(finish(open));
          else events.push({ kind: 'junk', count: 1, blank: true });
          begin('unfinished');
          at = start + 1;
        } else if (end < chunk.length) {
          events.push(finish(open === 'unstarted' ? open : 'frame'));
          at = end + BLOCK_END.length;
        } else {
          at = end;
        }
      }
      return events;
    },
    end() {
      if (open !== undefined) return [finish(open)];
      return matched > 0 ? [{ kind: 'junk', count: matched, blank: false }] : [];
    },
  };
}

/** The frame of `bytes`. Throws `mllp-text-not-framable` where a receiver would see another end or start in it. */
export function frame(bytes: Uint8Array): Buffer {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (text.includes(BLOCK_END) || restarts(text)) throw new PipehatError('mllp-text-not-framable');
  return Buffer.concat([BLOCK_START, text, BLOCK_END]);
}

function restarts(text: Buffer): boolean {
  let at = text.indexOf(START);
  while (at > 0 && !endsSegment(text[at - 1]!)) at = text.indexOf(START, at + 1);
  return at !== -1;
}

/**
 * Does a message begin at a start block after this byte? It does where a segment has ended, and after half an end block:
 * two messages must never pass as one. Elsewhere 0x0B is a character of the text.
 */
function endsSegment(byte: number): boolean {
  return byte === CR || byte === LF || byte === END;
}

/** Finds `block` at or after a place that only grows; the length of the chunk where there is none. */
function searchIn(chunk: Buffer, block: Buffer): (from: number) => number {
  let found = -1;
  return (from) => {
    if (found < from) {
      const next = chunk.indexOf(block, from);
      found = next === -1 ? chunk.length : next;
    }
    return found;
  };
}
