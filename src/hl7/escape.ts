/**
 * Escape sequences of HL7 v2 (chapter 2, "Use of escape sequences in text fields"). Reading gives plain text: all that
 * is said, with its lines, without its layout.
 */

import { decodeRun, isDesignation } from './called-set.ts';
import { decodeBytes } from './charset.ts';
import type { Delimiters } from './message.ts';

/**
 * Text as a person reads it:
 * - `\F\ \S\ \T\ \R\ \E\ \P\` become the delimiters;
 * - `\Xdd..\` becomes the characters that those bytes are in the message's character set (`charset`, as in MSH-18);
 *   where that is not named, or does not have them, as Latin-1;
 * - `\Cxxyy\` and `\Mxxyyzz\` read what follows them in another character set, see `called-set.ts`;
 * - of formatted text, `\.br\`, `\.sp n\` and `\.ce\` end the line, `\.sk n\` gives spaces; what only lays out
 *   (`\.in n\ \.ti n\ \.fi\ \.nf\`) and highlighting (`\H\ \N\`) leave nothing;
 * - what is not known (local `\Zdd..\` too) stays as it is.
 * Takes linear time, and gives at most 20 times the text.
 */
export function unescape(raw: string, delimiters: Delimiters, charset = ''): string {
  const mark = delimiters.escape;
  if (mark === '' || !raw.includes(mark)) return raw;
  const pieces: string[] = [];
  /** The set that was called with `\C..\` or `\M..\`, as it was written; `''` is the message's own. */
  let called = '';
  let run: string[] = [];
  /** Does the next character begin a line? */
  let fresh = true;
  const add = (piece: string): void => {
    if (piece !== '') fresh = piece.endsWith('\n');
    (called === '' ? pieces : run).push(piece);
  };
  const call = (sequence: string): void => {
    if (called !== '') {
      const text = run.join('');
      pieces.push(decodeRun(called, text, charset) ?? `${mark}${called}${mark}${text}`);
    }
    called = sequence;
    run = [];
  };
  let at = 0;
  for (;;) {
    const start = raw.indexOf(mark, at);
    const end = start < 0 ? -1 : raw.indexOf(mark, start + 1);
    if (end < 0) break;
    const sequence = raw.slice(start + 1, end);
    add(raw.slice(at, start));
    const designation = isDesignation(sequence);
    const meaning = designation ? '' : meaningOf(sequence, delimiters, charset, fresh);
    add(meaning ?? raw.slice(start, end));
    if (designation) call(sequence);
    // The closing mark of one that is not known may open the next.
    at = meaning === undefined ? end : end + 1;
  }
  add(raw.slice(at));
  call('');
  return pieces.join('');
}

function meaningOf(
  sequence: string,
  delimiters: Delimiters,
  charset: string,
  fresh: boolean,
): string | undefined {
  switch (sequence) {
    case 'F':
      return delimiters.field;
    case 'S':
      return delimiters.component;
    case 'T':
      return delimiters.subcomponent;
    case 'R':
      return delimiters.repetition;
    case 'E':
      return delimiters.escape;
    case 'P':
      return delimiters.truncation;
    case 'H':
    case 'N':
      return '';
    default:
      return sequence.startsWith('.') ? formatOf(sequence, fresh) : bytesOf(sequence, charset);
  }
}

/** A command and its number, of at most two digits: no text asks for more lines or spaces than that. */
const FORMAT = /^\.(br|sp|sk|ce|in|ti|fi|nf) ?([+-]?\d{1,2})?$/;

function formatOf(sequence: string, fresh: boolean): string | undefined {
  const [, command, number = '1'] = FORMAT.exec(sequence) ?? [];
  switch (command) {
    case undefined:
      return undefined;
    case 'br':
      return '\n';
    case 'sp':
      // A line ends at least, as with \.br\, which old senders mean by it.
      return '\n'.repeat(Math.max(1, Number(number)));
    case 'sk':
      return ' '.repeat(Math.max(0, Number(number)));
    case 'ce':
      return fresh ? '' : '\n';
    default:
      return '';
  }
}

function bytesOf(sequence: string, charset: string): string | undefined {
  const digits = sequence.length - 1;
  if (!sequence.startsWith('X') || digits === 0 || digits % 2 === 1 || /[^0-9A-Fa-f]/.test(sequence.slice(1)))
    return undefined;
  const bytes = Buffer.from(sequence.slice(1), 'hex');
  return decoded(bytes, charset) ?? bytes.toString('latin1');
}

/** Undefined where the set is not named, not known, or does not have these bytes. */
function decoded(bytes: Uint8Array, charset: string): string | undefined {
  if (charset === '') return undefined;
  try {
    return decodeBytes(bytes, [charset]);
  } catch {
    // Its errors ask for a mended MSH-18; here there is a fall-back.
    return undefined;
  }
}

/**
 * Text as it may stand in a field: delimiters escaped, line breaks as `\.br\`. {@link unescape} gives it back. A message
 * without an escape character can't hold delimiters and line breaks: there they become spaces.
 */
export function escape(text: string, delimiters: Delimiters): string {
  const mark = delimiters.escape;
  // Pieces, since a text that grows by adding to it takes many times its size while it does.
  const pieces: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const name = nameOf(text[at]!, delimiters);
    if (name === undefined) continue;
    pieces.push(text.slice(from, at));
    if (mark === '') pieces.push(' ');
    else pieces.push(mark, name, mark);
    from = at + 1;
  }
  if (from === 0) return text;
  pieces.push(text.slice(from));
  return pieces.join('');
}

function nameOf(character: string, delimiters: Delimiters): string | undefined {
  switch (character) {
    case delimiters.escape:
      return 'E';
    case delimiters.field:
      return 'F';
    case delimiters.component:
      return 'S';
    case delimiters.subcomponent:
      return 'T';
    case delimiters.repetition:
      return 'R';
    case delimiters.truncation:
      return 'P';
    case '\n':
      return '.br';
    case '\r':
      return 'X0D';
    default:
      return undefined;
  }
}
