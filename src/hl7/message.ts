/**
 * Reading HL7 v2. Lazy: one pass finds the segments; fields are cut when they are asked for. Nothing is copied, nothing
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

/** Segments whose first field is the field separator itself. */
const HEADERS = new Set(['MSH', 'FHS', 'BHS']);

/** Is it a segment whose first field is the field separator itself: MSH, FHS, BHS? */
export function isHeader(name: string): boolean {
  return HEADERS.has(name);
}

/** One segment. */
export class Segment {
  /** Three characters, upper case, whatever case the sender uses. */
  readonly name: string;
  /** Without its separator. */
  readonly text: string;
  /** 1-based among all segments of the message. */
  readonly position: number;
  readonly #delimiters: Delimiters;

  constructor(text: string, position: number, delimiters: Delimiters) {
    this.name = text.slice(0, 3).toUpperCase();
    this.text = text;
    this.position = position;
    this.#delimiters = delimiters;
  }

  /** The raw text of field `n`, all repetitions; `''` where there is none. MSH-1 is the field separator. */
  field(n: number): string {
    const { field } = this.#delimiters;
    if (!isHeader(this.name)) return part(this.text, field, n + 1);
    return n === 1 ? field : part(this.text, field, n);
  }

  /** The raw repetitions of field `n`; none where it is empty. MSH-2 names the separator and doesn't repeat. */
  repetitions(n: number): string[] {
    const raw = this.field(n);
    if (isHeader(this.name) && n <= 2) return [raw];
    const { repetition } = this.#delimiters;
    return repetition === '' ? (raw === '' ? [] : [raw]) : parts(raw, repetition);
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
    const wanted = path.repetition === undefined || path.repetition === '*' ? 1 : path.repetition;
    const raw = isEncoding(segment, path.field)
      ? segment.field(path.field)
      : repetitionOf(segment.field(path.field), wanted, delimiters);
    return read(segment, raw, path, delimiters);
  }
  return '';
}

/** {@link Message.values} among some of a message's segments. */
export function valuesIn(segments: readonly Segment[], path: Path, delimiters: Delimiters): string[] {
  const named = segments.filter((segment) => segment.name === path.segment);
  const chosen = path.index === '*' ? named : named.slice(path.index - 1, path.index);
  return chosen.flatMap((segment) => {
    const all = segment.repetitions(path.field);
    const raws = typeof path.repetition === 'number' ? all.slice(path.repetition - 1, path.repetition) : all;
    return raws.map((raw) => read(segment, raw, path, delimiters)).filter((value) => value !== '');
  });
}

function repetitionOf(raw: string, n: number, { repetition }: Delimiters): string {
  if (repetition === '') return n === 1 ? raw : '';
  return part(raw, repetition, n);
}

/** MSH-1 and MSH-2 hold the delimiters themselves: nothing in them is cut or unescaped. */
function isEncoding(segment: Segment, field: number): boolean {
  return field <= 2 && isHeader(segment.name);
}

function read(segment: Segment, raw: string, path: Path, delimiters: Delimiters): string {
  if (isEncoding(segment, path.field)) return raw;
  const component = cut(raw, delimiters.component, path.component ?? 1);
  return unescape(cut(component, delimiters.subcomponent, path.subcomponent ?? 1), delimiters);
}

/** {@link part} that leaves text whole which has no separator of that kind. */
function cut(raw: string, separator: string, n: number): string {
  if (separator === '') return n === 1 ? raw : '';
  return part(raw, separator, n);
}

/** Reads a message. Segments end with CR, LF or CRLF. Throws `hl7-no-msh` when it doesn't start with a usable MSH. */
export function readMessage(text: string): Message {
  const delimiters = readDelimiters(text);
  const segments: Segment[] = [];
  let start = 0;
  while (start < text.length) {
    let end = start;
    while (end < text.length && !isBreak(text.charCodeAt(end))) end += 1;
    if (end > start) segments.push(new Segment(text.slice(start, end), segments.length + 1, delimiters));
    start = end + 1;
  }
  return new Message(text, delimiters, segments);
}

function isBreak(code: number): boolean {
  return code === 13 || code === 10;
}

/** The delimiters that the start of `text` names. Throws `hl7-no-msh`. */
export function readDelimiters(text: string): Delimiters {
  if (!/^MSH[^A-Za-z0-9\s]/i.test(text)) {
    const found = text === '' ? 'nothing' : `${Math.min(text.length, 3)} other characters at its start`;
    throw new PipehatError('hl7-no-msh', { found }, { at: 'MSH' });
  }
  const field = text[3]!;
  const end = text.slice(4, 20).search(/[\r\n]/);
  const encoding = part(end < 0 ? text.slice(4, 20) : text.slice(4, 4 + end), field, 1);
  const [component = '', repetition = '', escape = '', subcomponent = '', truncation] = encoding;
  return { field, component, repetition, escape, subcomponent, truncation };
}
