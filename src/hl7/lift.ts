/**
 * Finding the large parts of a message in its bytes, so that they can be kept apart while a reference stands in their
 * place. Nothing is decoded and nothing copied: a part is a stretch of the bytes.
 */
import type { Delimiters } from './message.ts';

/** A part: the largest stretch that no delimiter cuts, such as OBX-5.5 of an ED. Bytes `start` to `end`, without `end`. */
export interface LargePart {
  readonly start: number;
  readonly end: number;
  /** Well-formed base64 (RFC 4648 §4), without line breaks: it reads the same in HL7, in JSON and in a FHIR base64Binary. */
  readonly base64: boolean;
}

/**
 * How each reference begins. Letters and digits only, since no message cuts or escapes them; see {@link referenceTo}.
 * What is put back are the references that the store knows of, and a message that has this word elsewhere is not lifted.
 */
export const REFERENCE_MARK = 'pipehatAttachment';

/**
 * What stands in the place of a part: its id (16 bytes) and its length. It is well-formed base64 itself, so what takes
 * the part takes the reference.
 */
export function referenceTo(id: Uint8Array, size: number): string {
  return `${REFERENCE_MARK}${Buffer.from(id).toString('hex')}L${String(size).padStart(10, '0')}`;
}

/** The form of all references. */
export const REFERENCE_PATTERN = new RegExp(`${REFERENCE_MARK}[0-9a-f]{32}L[0-9]{10}`, 'g');

const CR = 0x0d;
const LF = 0x0a;
const ESC = 0x1b;
const EQUALS = 0x3d;

/** Kinds of bytes, to be or'ed together. */
const CUT = 1;
const BASE64 = 2;
const PADDING = 4;
const TEXT = 8;
/** NUL (two-byte sets have it), ESC (the shifts of ISO 2022), and what isn't ASCII: such a part is not lifted. */
const BARRED = 16;

/** So many bytes are looked at before others may have their turn: a tenth of a millisecond. */
const WINDOW_BYTES = 128 * 1024;

/**
 * The parts longer than `from_bytes`, in order; none in MSH. Yields now and then, so that the caller can let others have
 * their turn. Linear in the length; most of a message without such parts is never looked at.
 *
 * Only plain ASCII is lifted. So it doesn't matter which character set the message is in, nor whether bytes of its other
 * characters look like delimiters: in every set of table 0211 an ASCII byte after a delimiter is itself, unless shifted by
 * ISO 2022. A message with such shifts, with {@link REFERENCE_MARK}, or cut by letters or digits, is left whole.
 */
export function* findLarge(
  bytes: Uint8Array,
  delimiters: Delimiters,
  from_bytes: number,
): Generator<undefined, LargePart[], undefined> {
  const kinds = kindsOf(delimiters);
  if (kinds === undefined) return [];
  const parts: LargePart[] = [];
  let start = endOfLine(bytes);
  // From `start` to here there is no cut.
  let clear = start;
  while (bytes.length - start > from_bytes) {
    const probe = start + from_bytes + 1;
    const cut = lastCut(bytes, clear, probe, kinds);
    clear = probe;
    if (cut >= 0) {
      start = cut + 1;
    } else {
      const { end, seen } = yield* readRun(bytes, start, kinds);
      if ((seen & BARRED) === 0) parts.push({ start, end, base64: isBase64(bytes, start, end, seen) });
      start = end + 1;
      clear = start;
    }
    yield;
  }
  return parts.length > 0 && isUnmistakable(bytes, parts) ? parts : [];
}

/** The message with `references` in the places of `parts`. */
export function skeletonOf(
  bytes: Uint8Array,
  parts: readonly LargePart[],
  references: readonly string[],
): Buffer {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const [i, { start, end }] of parts.entries()) {
    pieces.push(bytes.subarray(at, start), Buffer.from(references[i]!, 'latin1'));
    at = end;
  }
  return Buffer.concat([...pieces, bytes.subarray(at)]);
}

/** The kind of each byte; undefined where letters or digits are delimiters. */
function kindsOf({ field, component, repetition, escape, subcomponent }: Delimiters): Uint8Array | undefined {
  const cuts = [field, component, repetition, subcomponent].filter((one) => one !== '');
  if ([...cuts, escape].some((one) => /[A-Za-z0-9]/.test(one))) return undefined;
  const kinds = new Uint8Array(256).fill(TEXT).fill(BARRED, 0x80);
  for (let byte = 0; byte < 0x80; byte++)
    if (/[A-Za-z0-9+/]/.test(String.fromCharCode(byte))) kinds[byte] = BASE64;
  kinds[EQUALS] = PADDING;
  kinds[0] = BARRED;
  kinds[ESC] = BARRED;
  // Text with escapes has to be unescaped before anybody reads it.
  if (escape !== '') kinds[escape.charCodeAt(0) & 0xff] = TEXT;
  for (const cut of cuts) kinds[cut.charCodeAt(0) & 0xff] = CUT;
  kinds[CR] = CUT;
  kinds[LF] = CUT;
  return kinds;
}

function endOfLine(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length && bytes[at] !== CR && bytes[at] !== LF) at += 1;
  return at;
}

/** The last cut from `from` up to, without, `to`; -1 where there is none. */
function lastCut(bytes: Uint8Array, from: number, to: number, kinds: Uint8Array): number {
  for (let at = to - 1; at >= from; at--) if (kinds[bytes[at]!] === CUT) return at;
  return -1;
}

function kindsIn(bytes: Uint8Array, from: number, to: number, kinds: Uint8Array): number {
  let seen = 0;
  for (let at = from; at < to; at++) seen |= kinds[bytes[at]!]!;
  return seen;
}

/** From `start` to the next cut, and the kinds of bytes on the way. */
function* readRun(
  bytes: Uint8Array,
  start: number,
  kinds: Uint8Array,
): Generator<undefined, { end: number; seen: number }, undefined> {
  let seen = 0;
  for (let at = start; at < bytes.length; at += WINDOW_BYTES) {
    const to = Math.min(at + WINDOW_BYTES, bytes.length);
    const here = kindsIn(bytes, at, to, kinds);
    if ((here & CUT) !== 0) {
      let end = at;
      while (kinds[bytes[end]!] !== CUT) end += 1;
      return { end, seen: seen | kindsIn(bytes, at, end, kinds) };
    }
    seen |= here;
    yield;
  }
  return { end: bytes.length, seen };
}

/** Whole groups of four, padded at the very end if at all. */
function isBase64(bytes: Uint8Array, start: number, end: number, seen: number): boolean {
  if ((seen & ~(BASE64 | PADDING)) !== 0 || (end - start) % 4 !== 0) return false;
  if ((seen & PADDING) === 0) return true;
  const first = bytes.indexOf(EQUALS, start);
  return first >= end - 2 && bytes[end - 1] === EQUALS;
}

/**
 * No mark and no ISO 2022 shift stands outside of the base64. (In there it does no harm: base64 is put back last, and
 * what was put back is not read again.)
 */
function isUnmistakable(bytes: Uint8Array, parts: readonly LargePart[]): boolean {
  let at = 0;
  for (const { start, end } of [...parts.filter(({ base64 }) => base64), { start: bytes.length, end: 0 }]) {
    const between = Buffer.from(bytes.buffer, bytes.byteOffset + at, start - at);
    if (between.includes(REFERENCE_MARK, 0, 'latin1') || between.includes(ESC)) return false;
    at = end;
  }
  return true;
}
