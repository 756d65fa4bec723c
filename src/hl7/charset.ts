/** Bytes to text, strictly, by the character set of MSH-18 (table 0211). What can't be read is an error, never a guess. */
import { PipehatError } from '../errors.ts';
import { unicodeForm } from './byte-order.ts';
import { charsetName, codecOf, WIDE_SETS } from './charset-names.ts';
import { type Codec, type Faults, utf8 } from './codec.ts';

/** What was taken for granted because MSH-18 said nothing, or something that the bytes contradict. */
export type CharsetSource = 'MSH-18' | 'channel' | 'byte order mark' | 'valid UTF-8' | 'ASCII';

/** Text, and how it was read. */
export interface Decoded {
  readonly text: string;
  /** The set, as table 0211 names it; the repetitions of MSH-18 joined by `~`. */
  readonly charset: string;
  /** What told the set. `ASCII`: nothing did, and nothing needed to. */
  readonly source: CharsetSource;
  /** `charset-assumed`: neither MSH-18 nor the channel names the set that the bytes turned out to be in. */
  readonly warnings: readonly 'charset-assumed'[];
}

/**
 * Decodes a message. In this order: a form of Unicode that its first bytes show (a byte order mark is left out of the text),
 * MSH-18, `fallback` (the channel's), valid UTF-8.
 * Throws `hl7-charset-unknown` and `hl7-charset-undecodable`, both at MSH-18.
 */
export function decode(
  bytes: Uint8Array,
  charset: readonly string[],
  fallback: readonly string[] = [],
): Decoded {
  const buffer = asBuffer(bytes);
  const named = namesOf(charset);
  const form = unicodeForm(bytes);
  if (form !== undefined) {
    const text = strict(form.codec, buffer, form.name, form.mark);
    const agrees = named[0] === form.name || (named[0] === 'UNICODE' && form.mark > 0);
    if (agrees) return { text, charset: form.name, source: 'MSH-18', warnings: [] };
    const source = form.mark > 0 ? 'byte order mark' : 'MSH-18';
    return { text, charset: form.name, source, warnings: ['charset-assumed'] };
  }
  const told = named.length > 0 ? named : namesOf(fallback);
  if (told.length > 0) {
    const name = told.join('~');
    // Two or four bytes a character, and yet an MSH of three bytes: not what it says.
    if (WIDE_SETS.includes(told[0]!)) throw undecodable(name, { count: bytes.length, offset: 0 });
    const text = strict(codecOf(told), buffer, name);
    return { text, charset: name, source: named.length > 0 ? 'MSH-18' : 'channel', warnings: [] };
  }
  const text = strict(utf8, buffer, 'UTF-8 (MSH-18 is empty)');
  return text.length === bytes.length
    ? { text, charset: 'ASCII', source: 'ASCII', warnings: [] }
    : { text, charset: 'UNICODE UTF-8', source: 'valid UTF-8', warnings: ['charset-assumed'] };
}

/**
 * Decodes some bytes by the repetitions of an MSH-18, such as those of an escape sequence `\X..\`; an empty list is UTF-8.
 * Throws as {@link decode}.
 */
export function decodeBytes(bytes: Uint8Array, charset: readonly string[]): string {
  const named = namesOf(charset);
  return strict(named.length === 0 ? utf8 : codecOf(named), asBuffer(bytes), named.join('~') || 'UTF-8');
}

/**
 * The repetitions of MSH-18 as table 0211 names them; none where it is empty. An empty first one, as in `~ISO IR87`, is ASCII.
 * Throws `hl7-charset-unknown` at MSH-18.
 */
export function namesOf(charset: readonly string[]): string[] {
  if (charset.every((written) => written.trim() === '')) return [];
  return charset.map((written) => {
    if (written.trim() === '') return 'ASCII';
    const name = charsetName(written);
    if (name === undefined) {
      throw new PipehatError('hl7-charset-unknown', { found: written.trim().slice(0, 20) }, { at: 'MSH-18' });
    }
    return name;
  });
}

function strict(codec: Codec, bytes: Buffer, name: string, mark = 0): string {
  const { text, faults } = codec.decode(mark === 0 ? bytes : bytes.subarray(mark));
  if (faults === undefined) return text;
  throw undecodable(name, { count: faults.count, offset: faults.offset + mark });
}

function undecodable(charset: string, { count, offset }: Faults): PipehatError {
  return new PipehatError('hl7-charset-undecodable', { charset, count, offset }, { at: 'MSH-18' });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
