/**
 * Switching between character sets within a text by ISO 2022 escape sequences (HL7 2.9 chapter 2, MSH-18 and MSH-20): `ESC $ B`
 * and the bytes that follow are JIS X 0208, `ESC ( B` goes back to ASCII. Every segment begins in the set of the first
 * repetition of MSH-18 again, whatever the one before forgot to end.
 */
import { isAscii } from 'node:buffer';
import { ascii, type Codec, type Decoding } from './codec.ts';
import { GRAPHIC_SETS, type GraphicSet, type GraphicSetName, pairIndex } from './graphic-sets.ts';

const ESC = 0x1b;
const CR = 0x0d;
const LF = 0x0a;
const TO_ASCII = '\x1b(B';

/** Every sequence that is understood. ASCII, and the Roman set of JIS X 0201 (see {@link iso2022}), are no set here. */
const DESIGNATIONS: ReadonlyMap<string, GraphicSet | 'ascii'> = new Map<string, GraphicSet | 'ascii'>([
  ['(B', 'ascii'],
  ['(J', 'ascii'],
  ...Object.values(GRAPHIC_SETS).map((set): [string, GraphicSet] => [set.escape, set]),
  ['$(B', GRAPHIC_SETS['ISO IR87']],
  ['$(@', GRAPHIC_SETS['JIS C 6226']],
  ['$(A', GRAPHIC_SETS['GB 2312 G0']],
]);

/**
 * A codec for several sets. `initial` is what bytes above 0x7F are at first, and `others` are the sets that writing may switch to,
 * in the order they are tried. Reading follows every escape sequence that is known. `single` reads what has no sequence, and writes
 * where there are no others: it may know more than the graphic sets do.
 *
 * In JIS X 0201 (`ESC ( J`) 0x5C is drawn as ¥ and 0x7E as an overline. They are read as `\` and `~` all the same: HL7
 * means them as delimiters.
 */
export function iso2022(
  single: Codec | undefined,
  initial: GraphicSetName | undefined,
  others: readonly GraphicSetName[],
): Codec {
  const start = initial && GRAPHIC_SETS[initial];
  const sets = others.map((name) => GRAPHIC_SETS[name]);
  return {
    overlaps: true,
    decode(bytes) {
      const switches = bytes.includes(ESC);
      if (!switches && single !== undefined) return single.decode(bytes);
      return !switches && isAscii(bytes) ? ascii.decode(bytes) : decodeSwitching(bytes, start);
    },
    encode(text) {
      // ESC would begin a sequence of its own.
      if (text.includes('\x1b')) return undefined;
      return sets.length === 0 && single !== undefined
        ? single.encode(text)
        : encodeSwitching(text, start, sets);
    },
  };
}

function decodeSwitching(bytes: Buffer, start: GraphicSet | undefined): Decoding {
  let low: GraphicSet | undefined;
  let high = start;
  let text = '';
  let count = 0;
  let offset = -1;
  for (let i = 0; i < bytes.length; ) {
    const byte = bytes[i]!;
    if (byte === ESC) {
      const sequence = designationAt(bytes, i + 1);
      const set = sequence === '' ? undefined : DESIGNATIONS.get(sequence)!;
      if (set === undefined) text += '\x1b';
      else if (set === 'ascii') low = undefined;
      else if (set.half === 0) low = set;
      else high = set;
      i += 1 + sequence.length;
      continue;
    }
    if (byte === CR || byte === LF) {
      low = undefined;
      high = start;
    }
    const set = byte < 0x80 ? low : high;
    if (byte < 0x80 && (set === undefined || byte <= 0x20 || byte === 0x7f)) {
      text += String.fromCharCode(byte);
      i += 1;
      continue;
    }
    const character = set === undefined ? '' : characterAt(bytes, i, set);
    if (character === '') {
      count += 1;
      if (offset < 0) offset = i;
      text += '\ufffd';
      i += 1;
    } else {
      text += character;
      i += set!.width;
    }
  }
  return { text, faults: count === 0 ? undefined : { count, offset } };
}

/** The designation that begins at `at`, without ESC; `''` where there is none. */
function designationAt(bytes: Buffer, at: number): string {
  for (const length of [2, 3]) {
    const sequence = bytes.toString('latin1', at, at + length);
    if (DESIGNATIONS.has(sequence)) return sequence;
  }
  return '';
}

/** The character of `set` at `at`; `''` where there is none. */
function characterAt(bytes: Buffer, at: number, set: GraphicSet): string {
  const first = bytes[at]!;
  if (set.width === 1) return set.characters()[first & 0x7f] ?? '';
  const second = bytes[at + 1] ?? 0;
  // Both bytes of a pair come from one half of the code table.
  if ((first ^ second) & 0x80) return '';
  const [row, column] = [first & 0x7f, second & 0x7f];
  if (row < 0x21 || row > 0x7e || column < 0x21 || column > 0x7e) return '';
  return set.characters()[pairIndex(row, column)] ?? '';
}

/** The lower half goes back to ASCII before every character of ASCII: delimiters and ends of lines are among them. */
function encodeSwitching(
  text: string,
  start: GraphicSet | undefined,
  others: readonly GraphicSet[],
): Buffer | undefined {
  const sets = start === undefined ? others : [start, ...others];
  let low: GraphicSet | undefined;
  let high = start;
  let written = '';
  for (const character of text) {
    if (character <= '\x7f') {
      if (low !== undefined) written += TO_ASCII;
      low = undefined;
      if (character === '\r' || character === '\n') high = start;
      written += character;
      continue;
    }
    const set = sets.find((one) => one.indexes().has(character));
    if (set === undefined) return undefined;
    if ((set.half === 0 ? low : high) !== set) written += `\x1b${set.escape}`;
    if (set.half === 0) low = set;
    else high = set;
    written += codeOf(set, set.indexes().get(character)!);
  }
  return Buffer.from(low === undefined ? written : written + TO_ASCII, 'latin1');
}

/** The bytes of a character, as Latin-1. */
function codeOf({ half, width }: GraphicSet, index: number): string {
  const bit = half === 0 ? 0 : 0x80;
  if (width === 1) return String.fromCharCode(index | bit);
  return String.fromCharCode((Math.floor(index / 94) + 0x21) | bit, ((index % 94) + 0x21) | bit);
}
