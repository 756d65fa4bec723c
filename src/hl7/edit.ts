/** Changing one place of a message; every other character stays. */
import { PipehatError } from '../errors.ts';
import { escape } from './escape.ts';
import { type Delimiters, isHeader, type Message, readMessage, type Segment } from './message.ts';
import { parts } from './parts.ts';
import type { Path } from './path.ts';

/**
 * The message with `value` at `path`, escaped. Fields, repetitions and components that lie before the place are made.
 * A path that stops above the last level sets the whole of what it names. `[*]` sets every segment or repetition there
 * is. A segment that the message doesn't have is not made: the message comes back as it is. Throws `hl7-not-settable`
 * for the delimiters themselves (MSH-1, MSH-2), and for levels that the message has no delimiter for.
 */
export function setValue(message: Message, path: Path, value: string): Message {
  const { delimiters } = message;
  if (isHeader(path.segment) && path.field <= 2) throw notSettable(path);
  const text = escape(value, delimiters);
  let seen = 0;
  const changed = new Map<Segment, string>();
  for (const segment of message.segments) {
    if (segment.name !== path.segment) continue;
    seen += 1;
    if (path.index !== '*' && path.index !== seen) continue;
    changed.set(segment, setInSegment(segment, path, text, delimiters));
  }
  return changed.size === 0 ? message : readMessage(rewrite(message, changed));
}

/** Puts changed segments in the place of the old ones; what stands between segments is kept. */
function rewrite(message: Message, changed: ReadonlyMap<Segment, string>): string {
  let text = '';
  let at = 0;
  for (const segment of message.segments) {
    const start = message.text.indexOf(segment.text, at);
    text += message.text.slice(at, start) + (changed.get(segment) ?? segment.text);
    at = start + segment.text.length;
  }
  return text + message.text.slice(at);
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
