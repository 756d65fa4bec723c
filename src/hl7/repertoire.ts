/**
 * Text in another character set than that of its message, called by the escape sequences `\Cxxyy\` and `\Mxxyyzz\`
 * (chapter 2, "Escape sequences supporting multiple character sets"). Their bytes are what stands behind ESC in an
 * ISO 2022 designation: `\M2442\` is ESC 2/4 4/2, JIS X 0208. What they call holds up to the next one, or the end.
 */

const DESIGNATION = /^(?:C(?:[0-9A-Fa-f]{4})|M(?:[0-9A-Fa-f]{4}){1,2}|M[0-9A-Fa-f]{6})$/;

/** Is it the inside of a `\C..\` or `\M..\`? */
export function isDesignation(sequence: string): boolean {
  return sequence.length <= 9 && DESIGNATION.test(sequence);
}

/** How one kind of set is read: from the characters' codes to bytes of an encoding that the runtime knows. */
interface Repertoire {
  readonly label: string;
  /** Undefined where `run` can't be in that set. */
  readonly bytes: (run: string) => number[] | undefined;
  /** Its bytes have the high bit set: they can be told only where the message's own set has one byte a character. */
  readonly high: boolean;
}

/** The sets that are in use, by HL7 table 0211 and its notes: designation to how it is read. */
const repertoires: ReadonlyMap<string, Repertoire> = new Map([
  ['C2842', { label: 'utf-8', bytes: sevenBit, high: false }],
  ['C284A', { label: 'shift_jis', bytes: sevenBit, high: false }],
  ['C2949', { label: 'shift_jis', bytes: eightBit, high: true }],
  ...[
    ['C2D41', 'iso-8859-1'],
    ['C2D42', 'iso-8859-2'],
    ['C2D43', 'iso-8859-3'],
    ['C2D44', 'iso-8859-4'],
    ['C2D46', 'iso-8859-7'],
    ['C2D47', 'iso-8859-6'],
    ['C2D48', 'iso-8859-8'],
    ['C2D4C', 'iso-8859-5'],
    ['C2D4D', 'windows-1254'],
  ].map(([designation, label]): [string, Repertoire] => [
    designation!,
    { label: label!, bytes: eightBit, high: true },
  ]),
  ['M2442', { label: 'euc-jp', bytes: (run) => pairs(run, []), high: false }],
  ['M242844', { label: 'euc-jp', bytes: (run) => pairs(run, [0x8f]), high: false }],
]);

/** Sets of MSH-18 whose characters from A0 to FF have the numbers of their bytes. */
const BYTEWISE = ['', 'ASCII', '8859/1'];

/**
 * What `run` says in the set that `designation` calls, in a message whose MSH-18 names `charset`. Undefined where the set
 * is not known, or the run can't be told or is none of that set: then it is to be kept as it was sent.
 */
export function decodeRun(designation: string, run: string, charset: string): string | undefined {
  const repertoire = repertoires.get(designation.toUpperCase());
  if (repertoire === undefined || (repertoire.high && !BYTEWISE.includes(charset))) return undefined;
  const bytes = repertoire.bytes(run);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder(repertoire.label, { fatal: true }).decode(Uint8Array.from(bytes));
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function sevenBit(run: string): number[] | undefined {
  return codesBelow(run, 0x80);
}

function eightBit(run: string): number[] | undefined {
  return codesBelow(run, 0x100);
}

/** Characters in pairs, 21 to 7E, as EUC writes them: with the high bit set, after `prefix`. */
function pairs(run: string, prefix: readonly number[]): number[] | undefined {
  const codes = codesBelow(run, 0x7f);
  if (codes === undefined || codes.length % 2 === 1 || codes.some((code) => code < 0x21)) return undefined;
  return codes.flatMap((code, i) => (i % 2 === 0 ? [...prefix, code | 0x80] : [code | 0x80]));
}

function codesBelow(run: string, limit: number): number[] | undefined {
  const codes: number[] = [];
  for (let i = 0; i < run.length; i++) {
    const code = run.charCodeAt(i);
    if (code >= limit) return undefined;
    codes.push(code);
  }
  return codes;
}
