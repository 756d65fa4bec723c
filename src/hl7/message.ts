/**
 * Reading HL7 v2. Lazy: one pass finds the segments; the fields of each are cut when one is asked for. Nothing is copied, nothing
 * is changed: `message.text` is what was read.
 */
import { PipehatError } from '../errors.ts';
import { unescape } from './escape.ts';
import { part, parts } from './parts.ts';
import type { Path } from './path.ts';

/** The characters that separate, from MSH-1 and MSH-2. `''` where MSH-2 is too short to name one. */
export interface Delimiters {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  readonly escape: string;
  readonly subcomponent: string;
  /** From version 2.7 on. */
  readonly truncation: string | undefined;
}

const NAME = /^[A-Z][A-Z0-9]{2}$/;

/** Is it a segment whose first field is the field separator itself: MSH, FHS, BHS? */
export function isHeader(name: string): boolean {
  return name === 'MSH' || name === 'FHS' || name === 'BHS';
}

/** One segment. */
export class Segment {
  /** Three characters, upper case, whatever case the sender uses; `''` for a line that is no segment. */
  readonly name: string;
  /** Without its separator. */
  readonly text: string;
  /** 1-based among all segments of the message. */
  readonly position: number;
  readonly #delimiters: Delimiters;
  /** Cut at the first question, since one is seldom the only one. */
  #fields: readonly string[] | undefined;

  constructor(text: string, position: number, delimiters: Delimiters) {
    const name = part(text.slice(0, 4), delimiters.field, 1).toUpperCase();
    this.name = NAME.test(name) ? name : '';
    this.text = text;
    this.position = position;
    this.#delimiters = delimiters;
  }

  /** The raw text of field `n`, all repetitions; `''` where there is none. MSH-1 is the field separator. */
  field(n: number): string {
    this.#fields ??= this.#cut();
    return this.#fields[n] ?? '';
  }

  /** The raw repetitions of field `n`; none where it is empty. MSH-2 names the separator and doesn't repeat. */
  repetitions(n: number): string[] {
    const raw = this.field(n);
    return isEncoding(this, n) ? [raw] : parts(raw, this.#delimiters.repetition);
  }

  /** The name, then field 1 and on. */
  #cut(): string[] {
    const { field } = this.#delimiters;
    const cuts = this.text.split(field);
    if (isHeader(this.name)) cuts.splice(1, 0, field);
    return cuts;
  }
}

/** One message. */
export class Message {
  readonly text: string;
  readonly delimiters: Delimiters;
  readonly segments: readonly Segment[];

  constructor(text: string, delimiters: Delimiters, segments: readonly Segment[]) {
    this.text = text;
    this.delimiters = delimiters;
    this.segments = segments;
  }

  /** The first segment of that name. */
  first(name: string): Segment | undefined {
    return this.segments.find((segment) => segment.name === name);
  }

  /** All segments of that name, in order. */
  all(name: string): readonly Segment[] {
    return this.segments.filter((segment) => segment.name === name);
  }

  /**
   * The first value at `path`, unescaped; `''` where there is none. A path that stops above the last level means its
   * first part: `PV1-2` and `PID-3` give the first component of the first repetition.
   */
  value(path: Path): string {
    return valueIn(this.segments, path, this.delimiters);
  }

  /** Every value at `path` (all of `[*]`, all repetitions unless one is named), unescaped; empty ones are left out. */
  values(path: Path): string[] {
    return valuesIn(this.segments, path, this.delimiters);
  }
}

/** {@link Message.value} among some of a message's segments, such as those of one group. */
export function valueIn(segments: readonly Segment[], path: Path, delimiters: Delimiters): string {
  let left = path.index === '*' ? 1 : path.index;
  for (const segment of segments) {
    if (segment.name !== path.segment) continue;
    left -= 1;
    if (left > 0) continue;
    const raw = segment.field(path.field);
    if (isEncoding(segment, path.field)) return raw;
    const repetition = typeof path.repetition === 'number' ? path.repetition : 1;
    return read(part(raw, delimiters.repetition, repetition), path, delimiters);
  }
  return '';
}

/** {@link Message.values} among some of a message's segments. */
export function valuesIn(segments: readonly Segment[], path: Path, delimiters: Delimiters): string[] {
  const named = segments.filter((segment) => segment.name === path.segment);
  const chosen = path.index === '*' ? named : named.slice(path.index - 1, path.index);
  return chosen.flatMap((segment) => {
    const all = segment.repetitions(path.field);
    if (isEncoding(segment, path.field)) return all;
    const raws = typeof path.repetition === 'number' ? all.slice(path.repetition - 1, path.repetition) : all;
    return raws.map((raw) => read(raw, path, delimiters)).filter((value) => value !== '');
  });
}

/** MSH-1 and MSH-2 hold the delimiters themselves: nothing in them is cut or unescaped. */
function isEncoding(segment: Segment, field: number): boolean {
  return field <= 2 && isHeader(segment.name);
}

function read(raw: string, path: Path, delimiters: Delimiters): string {
  const component = part(raw, delimiters.component, path.component ?? 1);
  return unescape(part(component, delimiters.subcomponent, path.subcomponent ?? 1), delimiters);
}

/** Reads a message. Segments end with CR, LF or CRLF. Throws `hl7-no-msh` when it doesn't start with a usable MSH. */
export function readMessage(text: string): Message {
  const delimiters = readDelimiters(text);
  const segments: Segment[] = [];
  let start = 0;
  let cr = indexOrEnd(text, '\r', 0);
  let lf = indexOrEnd(text, '\n', 0);
  while (start < text.length) {
    const end = Math.min(cr, lf);
    if (end > start) segments.push(new Segment(text.slice(start, end), segments.length + 1, delimiters));
    start = end + 1;
    if (end === cr) cr = indexOrEnd(text, '\r', start);
    if (end === lf) lf = indexOrEnd(text, '\n', start);
  }
  return new Message(text, delimiters, segments);
}

function indexOrEnd(text: string, character: string, from: number): number {
  const at = text.indexOf(character, from);
  return at < 0 ? text.length : at;
}

/** The delimiters that the start of `text` names. Throws `hl7-no-msh`. */
export function readDelimiters(text: string): Delimiters {
  if (!/^MSH[^A-Za-z0-9\s]/i.test(text)) {
    const found = text === '' ? 'nothing' : 'something else';
    throw new PipehatError('hl7-no-msh', { found }, { at: 'MSH' });
  }
  const field = text[3]!;
  const encoding = part(/^[^\r\n]*/.exec(text.slice(4, 10))![0], field, 1);
  const [component = '', repetition = '', escape = '', subcomponent = '', truncation] = encoding.split('');
  return { field, component, repetition, escape, subcomponent, truncation };
}
