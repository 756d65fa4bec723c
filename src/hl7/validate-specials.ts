/** What the components of some composite types owe each other (HL7 chapter 2A). */
import { unescape } from './escape.ts';
import { part } from './parts.ts';
import { type Check, type Cursor, NULL } from './validate-place.ts';
import { wrongType } from './validate-primitives.ts';

/** SN-1: how the number compares; SN-3: what stands between two numbers. */
const COMPARATORS: ReadonlySet<string> = new Set(['>', '<', '>=', '<=', '=', '<>']);
const SEPARATORS: ReadonlySet<string> = new Set(['-', '+', '/', '.', ':']);

/** Checks by type, of the whole text of a field. */
export const specials: Readonly<Record<string, Check>> = {
  SN(raw, at) {
    oneOf(raw, 1, COMPARATORS, 'a comparator (> < >= <= = <>)', at);
    oneOf(raw, 3, SEPARATORS, 'a separator (- + / . :)', at);
  },
  ED(raw, at) {
    const encoding = cut(raw, 4, at);
    const data = cut(raw, 5, at);
    if (data === '' || data === NULL) return;
    if (encoding === 'Base64' && !isBase64(data)) wrong(5, 'base64 text', data, at);
    if (encoding === 'Hex' && (data.length % 2 === 1 || !/^[0-9A-Fa-f]*$/.test(data))) {
      wrong(5, 'pairs of hexadecimal digits', data, at);
    }
  },
};

function oneOf(raw: string, n: number, known: ReadonlySet<string>, expected: string, at: Cursor): void {
  const text = unescape(cut(raw, n, at), at.delimiters);
  if (text !== '' && text !== NULL && !known.has(text)) wrong(n, expected, text, at);
}

function wrong(n: number, expected: string, text: string, at: Cursor): void {
  const level = at.component === 0 ? 'component' : 'subcomponent';
  at[level] = n;
  wrongType(at, expected, text);
  at[level] = 0;
}

function cut(raw: string, n: number, at: Cursor): string {
  return part(raw, at.component === 0 ? at.delimiters.component : at.delimiters.subcomponent, n);
}

const PADDING = '='.charCodeAt(0);

/** RFC 4648 §4, padded. Looks at each character once and copies nothing, since a PDF may stand here. */
function isBase64(text: string): boolean {
  let { length } = text;
  if (length % 4 !== 0) return false;
  while (length > text.length - 2 && text.charCodeAt(length - 1) === PADDING) length -= 1;
  for (let i = 0; i < length; i++) {
    if (!isBase64Code(text.charCodeAt(i))) return false;
  }
  return true;
}

function isBase64Code(code: number): boolean {
  return (
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2b ||
    code === 0x2f
  );
}
