/** Escape sequences of HL7 v2 (chapter 2, "Use of escape sequences in text fields"). */
import type { Delimiters } from './message.ts';

/**
 * Text as a person reads it: `\F\ \S\ \T\ \R\ \E\ \P\` become the delimiters, `\Xdd..\` the bytes (as Latin-1),
 * `\.br\` a line break. Sequences that are not known stay as they are.
 */
export function unescape(raw: string, delimiters: Delimiters): string {
  const mark = delimiters.escape;
  if (mark === '' || !raw.includes(mark)) return raw;
  let text = '';
  let at = 0;
  for (;;) {
    const start = raw.indexOf(mark, at);
    const end = start < 0 ? -1 : raw.indexOf(mark, start + 1);
    if (end < 0) return text + raw.slice(at);
    const meaning = meaningOf(raw.slice(start + 1, end), delimiters);
    if (meaning === undefined) {
      // The closing mark may open the next sequence.
      text += raw.slice(at, end);
      at = end;
    } else {
      text += raw.slice(at, start) + meaning;
      at = end + 1;
    }
  }
}

function meaningOf(sequence: string, delimiters: Delimiters): string | undefined {
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
    case '.br':
      return '\n';
    default:
      return /^X([0-9A-Fa-f]{2})+$/.test(sequence)
        ? Buffer.from(sequence.slice(1), 'hex').toString('latin1')
        : undefined;
  }
}

/**
 * Text as it may stand in a field: delimiters escaped, line breaks as `\.br\`. {@link unescape} gives it back. A message
 * without an escape character can't hold delimiters and line breaks: there they become spaces.
 */
export function escape(text: string, delimiters: Delimiters): string {
  const mark = delimiters.escape;
  const names = new Map([
    [delimiters.field, 'F'],
    [delimiters.component, 'S'],
    [delimiters.subcomponent, 'T'],
    [delimiters.repetition, 'R'],
    [delimiters.truncation, 'P'],
    [mark, 'E'],
    ['\n', '.br'],
    ['\r', 'X0D'],
  ]);
  let escaped = '';
  for (const character of text) {
    const name = names.get(character);
    escaped += name === undefined ? character : mark === '' ? ' ' : `${mark}${name}${mark}`;
  }
  return escaped;
}
