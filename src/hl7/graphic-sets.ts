/** Graphic sets that ISO 2022 switches between: 94 or 96 characters of one byte, or 94 × 94 of two. */
import iconv from 'iconv-lite';

/** One graphic set, as it is designated by an escape sequence. */
export interface GraphicSet {
  /** Which half of the code table it is called into: 0 bytes below 0x80, 1 bytes above. */
  readonly half: 0 | 1;
  /** Bytes a character. */
  readonly width: 1 | 2;
  /** After ESC, the sequence that designates it. */
  readonly escape: string;
  /** By index: of one byte its low seven bits; of two bytes row × 94 + column. `''` where there is no character. */
  readonly characters: () => readonly string[];
  /** The index of each character. */
  readonly indexes: () => ReadonlyMap<string, number>;
}

/** Position of a byte pair in a set of 94 × 94. */
export function pairIndex(first: number, second: number): number {
  return ((first & 0x7f) - 0x21) * 94 + (second & 0x7f) - 0x21;
}

const katakana = once(() =>
  Array.from({ length: 128 }, (_, low) =>
    low >= 0x21 && low <= 0x5f ? String.fromCharCode(0xff61 + low - 0x21) : '',
  ),
);
const jisX0208 = once(() => pairs('eucjp'));
const jisX0212 = once(() => pairs('eucjp', 0x8f));
const ksX1001 = once(() => pairs('cp949'));
const gb2312 = once(() => pairs('cp936'));

/** By the name of table 0211, or the usual one where the table has none. The first escape of a set is the one written. */
export const GRAPHIC_SETS = {
  'ISO IR87': set(0, 2, '$B', jisX0208),
  'JIS C 6226': set(0, 2, '$@', jisX0208),
  'ISO IR159': set(0, 2, '$(D', jisX0212),
  'ISO IR13': set(1, 1, ')I', katakana),
  'ISO IR13 G0': set(0, 1, '(I', katakana),
  'KS X 1001': set(1, 2, '$)C', ksX1001),
  'KS X 1001 G0': set(0, 2, '$(C', ksX1001),
  'GB 2312': set(1, 2, '$)A', gb2312),
  'GB 2312 G0': set(0, 2, '$A', gb2312),
  '8859/1': latin('-A', 'windows-1252'),
  '8859/2': latin('-B', 'iso-8859-2'),
  '8859/3': latin('-C', 'iso-8859-3'),
  '8859/4': latin('-D', 'iso-8859-4'),
  '8859/5': latin('-L', 'iso-8859-5'),
  '8859/6': latin('-G', 'iso-8859-6'),
  '8859/7': latin('-F', 'iso-8859-7'),
  '8859/8': latin('-H', 'iso-8859-8'),
  '8859/9': latin('-M', 'windows-1254'),
  '8859/15': latin('-b', 'iso-8859-15'),
} as const satisfies Readonly<Record<string, GraphicSet>>;

/** Name of a graphic set. */
export type GraphicSetName = keyof typeof GRAPHIC_SETS;

/** Is it the name of a graphic set? */
export function isGraphicSet(name: string): name is GraphicSetName {
  return Object.hasOwn(GRAPHIC_SETS, name);
}

function set(half: 0 | 1, width: 1 | 2, escape: string, characters: () => readonly string[]): GraphicSet {
  const indexes = once(
    () => new Map(characters().flatMap((text, i): [string, number][] => (text === '' ? [] : [[text, i]]))),
  );
  return { half, width, escape, characters, indexes };
}

/** The upper half of a set of single bytes, the control codes of 0x80 to 0x9F included. */
function latin(escape: string, encoding: string): GraphicSet {
  const upper = () =>
    Array.from({ length: 128 }, (_, low) => known(iconv.decode(Buffer.of(low + 0x80), encoding)));
  return set(1, 1, escape, once(upper));
}

/** All of a set of two bytes, read from the encoding that has it in its upper half. */
function pairs(encoding: string, prefix?: number): string[] {
  const bytes: number[] = [];
  for (let first = 0xa1; first <= 0xfe; first += 1) {
    // A line feed after each keeps a pair that means nothing from reaching into the next.
    for (let second = 0xa1; second <= 0xfe; second += 1)
      bytes.push(...(prefix ? [prefix] : []), first, second, 0x0a);
  }
  return iconv.decode(Buffer.from(bytes), encoding).split('\n').slice(0, -1).map(known);
}

function known(text: string): string {
  return text.includes('\ufffd') ? '' : text;
}

/** Tables are made at their first use, and once. */
function once<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
