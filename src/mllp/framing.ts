/**
 * MLLP framing (HL7 "Minimal Lower Layer Protocol" release 1): `0x0B`, the message, `0x1C 0x0D`. Bytes in, frames out;
 * no I/O. The stream may be cut anywhere, time spent is linear in its length, and a frame's bytes are copied once at most.
 */
import { PipehatError } from '../errors.ts';

const START = 0x0b;
const END = 0x1c;
const CR = 0x0d;
const BLOCK_START = Buffer.from([START]);
const BLOCK_END = Buffer.from([END, CR]);
/** How much of a frame that is too large is shown: enough for its MSH. */
const HEAD_BYTES = 4096;

/**
 * What the stream held:
 * - `frame`: one whole message, without its blocks. May be empty.
 * - `unfinished`: text that began as a frame and never got its end block: the next frame, or the end of the stream, came first.
 * - `too-large`: a frame over the limit. `bytes` is its beginning. It is the last event of its stream.
 * - `junk`: `count` bytes outside of frames. `blank` if all are white space or NUL, as keep-alives are.
 */
export type FramerEvent =
  | { readonly kind: 'frame'; readonly bytes: Buffer }
  | { readonly kind: 'unfinished'; readonly bytes: Buffer }
  | { readonly kind: 'too-large'; readonly bytes: Buffer }
  | { readonly kind: 'junk'; readonly count: number; readonly blank: boolean };

/** Cuts one stream into frames. */
export interface Framer {
  /** The events that end in this chunk, in order. Frames may share memory with `chunk`. */
  push(chunk: Buffer): FramerEvent[];
  /** The stream is over: what is left. */
  end(): FramerEvent[];
  /** Whether a frame has begun and not ended. */
  readonly inside: boolean;
}

/** A framer for one connection. No frame over `max_bytes` comes out, and little more than that is ever kept. */
export function createFramer({ max_bytes }: { max_bytes: number }): Framer {
  let inside = false;
  let over = false;
  let chunks: Buffer[] = [];
  let size = 0;
  /** Whether the last byte kept is END: the CR that makes it an end block may be the first of the next chunk. */
  let halfEnd = false;

  const keep = (bytes: Buffer): void => {
    chunks.push(bytes);
    size += bytes.length;
    halfEnd = bytes[bytes.length - 1] === END;
  };

  /** The first `length` of the bytes kept. The framer is outside of a frame afterwards. */
  const release = (length: number): Buffer => {
    const bytes = chunks.length === 1 ? chunks[0]!.subarray(0, length) : Buffer.concat(chunks, length);
    chunks = [];
    size = 0;
    halfEnd = false;
    inside = false;
    return bytes;
  };

  return {
    get inside() {
      return inside;
    },
    push(chunk) {
      const events: FramerEvent[] = [];
      let at = 0;
      while (at < chunk.length && !over) {
        if (!inside) {
          const start = chunk.indexOf(START, at);
          const end = start === -1 ? chunk.length : start;
          if (end > at) events.push(junk(chunk.subarray(at, end)));
          inside = start !== -1;
          at = end + 1;
          continue;
        }
        const end = halfEnd && chunk[at] === CR ? at + 1 : endOfFrame(chunk, at);
        keep(chunk.subarray(at, end));
        at = end ?? chunk.length;
        // The end block that was kept along, or half of one, is not part of the message.
        const length = size - (end === undefined ? Number(halfEnd) : BLOCK_END.length);
        if (length > max_bytes) {
          over = true;
          events.push({ kind: 'too-large', bytes: release(Math.min(length, HEAD_BYTES)) });
        } else if (end !== undefined) {
          events.push(...separate(release(length), 'frame'));
        }
      }
      return events;
    },
    end() {
      return inside ? separate(release(size), 'unfinished') : [];
    },
  };
}

/** The frame of `bytes`. Throws `mllp-text-not-framable` where a receiver would see another end or start in it. */
export function frame(bytes: Uint8Array): Buffer {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (text.includes(BLOCK_END) || lastRestart(text) !== -1) throw new PipehatError('mllp-text-not-framable');
  return Buffer.concat([BLOCK_START, text, BLOCK_END]);
}

/** The index after the first end block at or after `from`. */
function endOfFrame(chunk: Buffer, from: number): number | undefined {
  const end = chunk.indexOf(BLOCK_END, from);
  return end === -1 ? undefined : end + BLOCK_END.length;
}

/** Two messages must never pass as one: whatever stands before the last restart never ended, and comes out as such. */
function separate(bytes: Buffer, kind: 'frame' | 'unfinished'): FramerEvent[] {
  const restart = lastRestart(bytes);
  if (restart === -1) return [{ kind, bytes }];
  return [
    { kind: 'unfinished', bytes: bytes.subarray(0, restart) },
    { kind, bytes: bytes.subarray(restart + 1) },
  ];
}

/**
 * The index of the last start block that begins a frame anew: one where a segment has ended, or after half an end block.
 * Elsewhere 0x0B is a character of the text. -1 if there is none.
 */
function lastRestart(bytes: Buffer): number {
  let at = bytes.lastIndexOf(START);
  while (at > 0 && bytes[at - 1] !== CR && bytes[at - 1] !== END) at = bytes.lastIndexOf(START, at - 1);
  return at > 0 ? at : -1;
}

function junk(bytes: Buffer): FramerEvent {
  return { kind: 'junk', count: bytes.length, blank: bytes.every((byte) => byte <= 0x20) };
}
