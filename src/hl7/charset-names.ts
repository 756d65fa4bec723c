/** The character sets that MSH-18 can name: table 0211, and what senders write instead. */
import { ascii, type Codec, iconvCodec, utf8, utf16 } from './codec.ts';
import { type GraphicSetName, isGraphicSet } from './graphic-sets.ts';
import { iso2022 } from './iso2022.ts';

/** How a set is read and written when it stands first, and what it adds to others when it stands after them. */
interface Definition {
  readonly codec: Codec;
  /** What bytes above 0x7F are, where sets are switched by escape sequences; absent where they can't be. */
  readonly switching?: {
    readonly initial: GraphicSetName | undefined;
    readonly sets: readonly GraphicSetName[];
  };
  /** Other names for it, as people write them. */
  readonly also: readonly string[];
}

/** A set of one byte a character. By the WHATWG Encoding Standard, 8859/1 and 8859/9 mean the code pages of Windows. */
function latin(number: number, encoding: string, ...also: string[]): [string, Definition] {
  const name = `8859/${number}`;
  const codec = iconvCodec(encoding, { overlaps: false });
  const definition = { codec, also: [`ISO-8859-${number}`, ...also] };
  if (!isGraphicSet(name)) return [name, definition];
  return [name, { ...definition, switching: { initial: name, sets: [name] } }];
}

/** Japanese text is ASCII that switches. */
function japanese(...sets: GraphicSetName[]): Pick<Definition, 'codec' | 'switching'> {
  return { codec: iso2022(ascii, undefined, sets), switching: { initial: undefined, sets } };
}

/** JIS X 0201: the upper half is katakana of half width. */
const katakana = iso2022(undefined, 'ISO IR13', []);

const DEFINITIONS: ReadonlyMap<string, Definition> = new Map<string, Definition>([
  [
    'ASCII',
    { codec: ascii, switching: { initial: undefined, sets: [] }, also: ['US-ASCII', 'ANSI X3.4', '7BIT'] },
  ],
  latin(1, 'windows-1252', 'ISO IR100', 'LATIN1', 'WINDOWS-1252', 'CP1252'),
  latin(2, 'iso-8859-2', 'ISO IR101', 'LATIN2'),
  latin(3, 'iso-8859-3', 'ISO IR109', 'LATIN3'),
  latin(4, 'iso-8859-4', 'ISO IR110', 'LATIN4'),
  latin(5, 'iso-8859-5', 'ISO IR144', 'CYRILLIC'),
  latin(6, 'iso-8859-6', 'ISO IR127', 'ARABIC'),
  latin(7, 'iso-8859-7', 'ISO IR126', 'GREEK'),
  latin(8, 'iso-8859-8', 'ISO IR138', 'HEBREW'),
  latin(9, 'windows-1254', 'ISO IR148', 'LATIN5', 'WINDOWS-1254', 'CP1254'),
  latin(10, 'iso-8859-10', 'LATIN6'),
  latin(13, 'iso-8859-13', 'LATIN7'),
  latin(14, 'iso-8859-14', 'LATIN8'),
  latin(15, 'iso-8859-15', 'LATIN9'),
  latin(16, 'iso-8859-16', 'LATIN10'),
  ...([1250, 1251, 1253, 1255, 1256, 1257, 1258] as const).map((page): [string, Definition] => [
    `WINDOWS-${page}`,
    { codec: iconvCodec(`windows-${page}`, { overlaps: false }), also: [`CP${page}`] },
  ]),
  ['ISO IR6', { codec: ascii, switching: { initial: undefined, sets: [] }, also: ['ISO646'] }],
  [
    'ISO IR14',
    {
      codec: katakana,
      switching: { initial: 'ISO IR13', sets: ['ISO IR13'] },
      also: ['ISO IR13', 'JIS X 0201'],
    },
  ],
  ['ISO IR87', { ...japanese('ISO IR87'), also: ['JIS X 0208'] }],
  ['ISO IR159', { ...japanese('ISO IR159'), also: ['JIS X 0212'] }],
  [
    'JIS X 0202',
    {
      ...japanese('ISO IR87', 'ISO IR159', 'ISO IR13 G0'),
      also: ['ISO-2022-JP', 'ISO 2022', 'JIS'],
    },
  ],
  ['JAS2020', { ...japanese('ISO IR87', 'ISO IR159', 'ISO IR13 G0'), also: [] }],
  [
    'SHIFT-JIS',
    { codec: iconvCodec('shiftjis', { overlaps: true }), also: ['SJIS', 'CP932', 'WINDOWS-31J', 'MS932'] },
  ],
  ['EUC-JP', { codec: iconvCodec('eucjp', { overlaps: false }), also: [] }],
  [
    'GB 18030-2000',
    { codec: iconvCodec('gb18030', { overlaps: true }), also: ['GB18030', 'GBK', 'CP936', 'GB2312'] },
  ],
  [
    'KS X 1001',
    {
      codec: iconvCodec('cp949', { overlaps: true }),
      switching: { initial: 'KS X 1001', sets: ['KS X 1001'] },
      also: ['ISO IR149', 'EUC-KR', 'KSC5601', 'KS C 5601-1987', 'CP949', 'WINDOWS-949'],
    },
  ],
  ['BIG-5', { codec: iconvCodec('big5', { overlaps: true }), also: ['CP950', 'WINDOWS-950'] }],
  ['UNICODE', { codec: utf8, also: ['ISO10646'] }],
  ['UNICODE UTF-8', { codec: utf8, also: ['UTF-8', 'ISO IR192', 'CP65001'] }],
  ['UNICODE UTF-16', { codec: utf16('be'), also: ['UTF-16', 'UTF-16LE', 'UTF-16BE', 'UCS-2'] }],
  [
    'UNICODE UTF-32',
    {
      codec: iconvCodec('utf-32be', { overlaps: true, ascii: false }),
      also: ['UTF-32', 'UTF-32LE', 'UTF-32BE'],
    },
  ],
]);

/** Every name, without what people spell differently, to that of {@link DEFINITIONS}. */
const NAMES: ReadonlyMap<string, string> = new Map(
  [...DEFINITIONS].flatMap(([name, { also }]) =>
    [name, ...also].map((each): [string, string] => [bare(each), name]),
  ),
);

/** Sets whose characters have two or four bytes each: nothing in them is found before they are decoded. */
export const WIDE_SETS: readonly string[] = ['UNICODE UTF-16', 'UNICODE UTF-32'];

/** The names that options take: those of table 0211 that can be read, and a few more. */
export const CHARSET_NAMES: readonly string[] = [...DEFINITIONS.keys()];

/** Names that senders write instead, by the name that they stand for. */
export function charsetAliases(): ReadonlyMap<string, readonly string[]> {
  return new Map([...DEFINITIONS].map(([name, { also }]) => [name, also]));
}

/** What a sender wrote, as table 0211 names it; undefined for a set that is not known. `ISO_IR 100`, `utf8` will do. */
export function charsetName(written: string): string | undefined {
  return NAMES.get(bare(written));
}

function bare(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
}

/** As many lists of names as messages of one site may have; what is beyond is made anew each time. */
const MOST_KNOWN = 200;
const known = new Map<string, Codec>();

/**
 * The codec for the repetitions of MSH-18, by their names in {@link CHARSET_NAMES}: the first one's, and where escape sequences
 * can lead from it to the others, one that follows them. An empty first name is ASCII.
 */
export function codecOf(names: readonly string[]): Codec {
  const key = names.join('~');
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = makeCodec(names.map((name) => DEFINITIONS.get(name || 'ASCII')!));
  if (known.size < MOST_KNOWN) known.set(key, made);
  return made;
}

function makeCodec([first, ...others]: readonly Definition[]): Codec {
  const { codec, switching } = first!;
  const sets = others.flatMap((other) => other.switching?.sets ?? []);
  // Korean text may have its escape sequence although it needs none.
  if (switching === undefined || (sets.length === 0 && switching.initial !== 'KS X 1001')) return codec;
  // What begins in ASCII has all of its own sets behind escape sequences, too.
  const { initial } = switching;
  return initial === undefined
    ? iso2022(ascii, undefined, [...new Set([...switching.sets, ...sets])])
    : iso2022(codec, initial, [...new Set(sets)]);
}
