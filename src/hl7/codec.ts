/** Codecs: bytes of one character set to text and back, strictly. What does not fit is counted, never guessed. */
import { isAscii, isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';

/** Bytes that a set does not have. */
export interface Faults {
  readonly count: number;
  /** Of the first one, from 0. */
  readonly offset: number;
}

/** What bytes read as. In `text`, U+FFFD stands for each fault. */
export interface Decoding {
  readonly text: string;
  readonly faults: Faults | undefined;
}

/** One character set. All of them but UTF-16 and UTF-32 contain ASCII as it is. */
export interface Codec {
  decode(bytes: Buffer): Decoding;
  /** The bytes that {@link Codec.decode} reads as this very text; undefined where there are none. */
  encode(text: string): Buffer | undefined;
  /** A byte below 0x80 can be half of a character: text must be decoded before it is cut at delimiters. */
  readonly overlaps: boolean;
}

/** ASCII: any byte above 0x7F is a fault. */
export const ascii: Codec = {
  overlaps: false,
  decode(bytes) {
    if (isAscii(bytes)) return plain(bytes);
    const text = bytes.toString('latin1').replaceAll(/[\x80-\xff]/g, '\ufffd');
    return { text, faults: { count: countFaults(text), offset: text.indexOf('\ufffd') } };
  },
  encode: (text) => (isAsciiText(text) ? Buffer.from(text, 'latin1') : undefined),
};

/** UTF-8. */
export const utf8: Codec = {
  overlaps: false,
  decode(bytes) {
    if (isAscii(bytes)) return plain(bytes);
    const text = bytes.toString();
    return { text, faults: isUtf8(bytes) ? undefined : faultsIn(bytes, text, (part) => Buffer.from(part)) };
  },
  encode: (text) => (text.isWellFormed() ? Buffer.from(text) : undefined),
};

/** UTF-16 without a byte order mark of its own. */
export function utf16(order: 'le' | 'be'): Codec {
  const encode = (text: string) => (order === 'le' ? utf16le(text) : utf16le(text).swap16());
  return {
    overlaps: true,
    decode(bytes) {
      const whole = bytes.subarray(0, bytes.length - (bytes.length % 2));
      const raw = (order === 'le' ? whole : Buffer.from(whole).swap16()).toString('utf16le');
      const text = raw.toWellFormed() + (whole.length < bytes.length ? '\ufffd' : '');
      return { text, faults: faultsIn(bytes, text, encode) };
    },
    encode: (text) => (text.isWellFormed() ? encode(text) : undefined),
  };
}

function utf16le(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}

/** A set by the name that `iconv-lite` has for it. `ascii` says whether it contains ASCII. */
export function iconvCodec(name: string, options: { overlaps: boolean; ascii?: boolean }): Codec {
  const { overlaps, ascii: hasAscii = true } = options;
  const encode = (text: string) => iconv.encode(text, name, { addBOM: false });
  const decodeText = (bytes: Buffer) => iconv.decode(bytes, name, { stripBOM: false });
  return {
    overlaps,
    decode(bytes) {
      if (hasAscii && isAscii(bytes)) return plain(bytes);
      const text = decodeText(bytes);
      return { text, faults: faultsIn(bytes, text, encode) };
    },
    encode(text) {
      if (hasAscii && isAsciiText(text)) return Buffer.from(text, 'latin1');
      const bytes = encode(text);
      // The library writes "?" for what a set lacks, and folds some characters together: only reading it back tells.
      return decodeText(bytes) === text ? bytes : undefined;
    },
  };
}

/** Is it nothing but ASCII? */
export function isAsciiText(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

/** Bytes that are ASCII, as text. */
function plain(bytes: Buffer): Decoding {
  return { text: bytes.toString('latin1'), faults: undefined };
}

function countFaults(text: string): number {
  return text.split('\ufffd').length - 1;
}

/** U+FFFD in `text` is a fault, unless the bytes spell that very character: some sets have it. */
function faultsIn(bytes: Buffer, text: string, encode: (text: string) => Buffer): Faults | undefined {
  let first: number | undefined;
  let count = 0;
  let offset = 0;
  let at = 0;
  const own = text.includes('\ufffd') ? encode('\ufffd') : undefined;
  if (own === undefined) return undefined;
  for (let next = text.indexOf('\ufffd'); next >= 0; next = text.indexOf('\ufffd', at)) {
    // Once a byte was skipped, offsets are only sure up to there; the first one is what is told.
    offset += encode(text.slice(at, next)).length;
    at = next + 1;
    if (own.length > 1 && bytes.subarray(offset, offset + own.length).equals(own)) offset += own.length;
    else {
      first ??= offset;
      count += 1;
      offset += 1;
    }
  }
  return first === undefined ? undefined : { count, offset: first };
}
