/** Changing one place of a message; every other character stays. */
import { PipehatError } from '../errors.ts';
import { escape } from './escape.ts';
import { type Delimiters, isHeader, type Message, readMessage, type Segment } from './message.ts';
import { parts } from './parts.ts';
import type { Path } from './path.ts';

/**
 * The message with `value` at `path`, escaped. Fields, repetitions and components that lie before the place are made.
 * A path that stops above the last level sets the whole of what it names. `[*]` sets every segment or repetition there
 * is. A segment or group that the message doesn't have is not made: the message comes back as it is. `""` sets HL7's
 * null, and `''` empties the place. Throws `hl7-not-settable`
 * for the delimiters themselves (MSH-1, MSH-2), and for levels that the message has no delimiter for.
 */
export function setValue(message: Message, path: Path, value: string): Message {
  const { delimiters } = message;
  if (isHeader(path.segment) && path.field <= 2) throw notSettable(path);
  const text = escape(value, delimiters);
  let after = '';
  let at = 0;
  for (const segment of message.segmentsAt(path)) {
    after += message.text.slice(at, segment.start) + setInSegment(segment, path, text, delimiters);
    at = segment.end;
  }
  return at === 0 ? message : readMessage(after + message.text.slice(at));
}

function setInSegment(segment: Segment, path: Path, text: string, delimiters: Delimiters): string {
  // MSH-1 is the separator itself, so MSH-n is the nth part and PID-n the one after.
  const n = isHeader(segment.name) ? path.field : path.field + 1;
  return setPart(segment.text, delimiters.field, n, path, (field) =>
    setInField(field, path, text, delimiters),
  );
}

function setInField(field: string, path: Path, text: string, delimiters: Delimiters): string {
  const set = (raw: string): string => setInRepetition(raw, path, text, delimiters);
  const { repetition } = delimiters;
  if (path.repetition === '*') return parts(field, repetition).map(set).join(repetition);
  if (path.repetition === undefined && path.component === undefined) return text;
  return setPart(field, repetition, path.repetition ?? 1, path, set);
}

function setInRepetition(raw: string, path: Path, text: string, delimiters: Delimiters): string {
  if (path.component === undefined) return text;
  return setPart(raw, delimiters.component, path.component, path, (component) =>
    path.subcomponent === undefined
      ? text
      : setPart(component, delimiters.subcomponent, path.subcomponent, path, () => text),
  );
}

/** `raw` with its `n`th part changed; separators are added up to there. */
function setPart(
  raw: string,
  separator: string,
  n: number,
  path: Path,
  change: (part: string) => string,
): string {
  if (separator === '' && n > 1) throw notSettable(path);
  const all = separator === '' ? [raw] : raw.split(separator);
  while (all.length < n) all.push('');
  all[n - 1] = change(all[n - 1]!);
  return all.join(separator);
}

function notSettable({ text }: Path): PipehatError {
  return new PipehatError('hl7-not-settable', { path: text });
}
