/**
 * Text in another character set than that of its message, called by the escape sequences `\Cxxyy\` and `\Mxxyyzz\`
 * (chapter 2, "Escape sequences supporting multiple character sets"). Their bytes are what stands behind ESC in an
 * ISO 2022 designation: `\M2442\` is ESC 2/4 4/2, JIS X 0208. What they call holds up to the next one, or the end.
 */
import { GRAPHIC_SETS, type GraphicSet, pairIndex } from './graphic-sets.ts';

const DESIGNATION = /^(?:C(?:[0-9A-F]{4})|M(?:[0-9A-F]{4}){1,2}|M[0-9A-F]{6})$/i;

/** Is it the inside of a `\C..\` or `\M..\`? */
export function isDesignation(sequence: string): boolean {
  return sequence.length <= 9 && DESIGNATION.test(sequence);
}

/** ASCII, and the Latin half of JIS X 0201, which is ASCII to everybody who sends it. */
const PLAIN = ['(B', '(J'];

const sets: ReadonlyMap<string, GraphicSet> = new Map(
  Object.values(GRAPHIC_SETS).map((set: GraphicSet) => [set.escape, set]),
);

/** Sets of MSH-18 whose characters from A0 to FF have the numbers of their bytes. */
const BYTEWISE = ['', 'ASCII', '8859/1'];

/**
 * What `run` says in the set that `designation` calls, in a message whose MSH-18 names `charset`. Undefined where the set
 * is not known, or the run can't be told or is none of that set: then it is to be kept as it was sent.
 */
export function decodeRun(designation: string, run: string, charset: string): string | undefined {
  const escape = Buffer.from(designation.slice(1), 'hex').toString('latin1');
  if (PLAIN.includes(escape)) return /^[\0-\x7f]*$/.test(run) ? run : undefined;
  const set = sets.get(escape);
  // The bytes of an upper half can be told only where the message's own set has one byte a character.
  if (set === undefined || (set.half === 1 && !BYTEWISE.includes(charset))) return undefined;
  const characters = set.characters();
  let text = '';
  for (let at = 0; at < run.length; ) {
    const code = run.charCodeAt(at);
    if (set.half === 1 && code < 0x80) {
      text += run[at];
      at += 1;
      continue;
    }
    const character = characters[indexIn(set, run, at)] ?? '';
    if (character === '') return undefined;
    text += character;
    at += set.width;
  }
  return text;
}

/** The place in the set of what stands at `at`; -1 where that is none of its bytes. */
function indexIn({ half, width }: GraphicSet, run: string, at: number): number {
  const codes = [run.charCodeAt(at), run.charCodeAt(at + 1)].slice(0, width);
  if (codes.some((code) => !(code >> 7 === half && (width === 1 || isInGrid(code))))) return -1;
  return width === 1 ? codes[0]! & 0x7f : pairIndex(codes[0]!, codes[1]!);
}

/** Rows and columns of a set of 94 × 94 go from 21 to 7E. */
function isInGrid(code: number): boolean {
  return (code & 0x7f) >= 0x21 && (code & 0x7f) <= 0x7e;
}
