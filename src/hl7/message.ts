/**
 * Reading HL7 v2. Lazy: one pass finds where segments start and end; a segment is made, and its fields are cut, when one
 * is asked for. Nothing is copied, nothing is changed: `message.text` is what was read.
 */
import { PipehatError } from '../errors.ts';
import { unescape } from './escape.ts';
import { grammarOf } from './grammar.ts';
import { segmentsAlong } from './groups.ts';
import { isNull, part, parts } from './parts.ts';
import type { Path } from './path.ts';
import { nameAt } from './segment-name.ts';
import { readGroups, type Structure, structureOf } from './structure.ts';
import { NEWEST_VERSION } from './version.ts';

/** The characters that separate, from MSH-1 and MSH-2. `''` where MSH-2 is too short to name one. */
export interface Delimiters {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  readonly escape: string;
  readonly subcomponent: string;
  /** From version 2.7 on: the fifth character of MSH-2. Without it no character stands for truncation. */
  readonly truncation: string | undefined;
}

/** Is it a segment whose first field is the field separator itself: MSH, FHS, BHS? */
export function isHeader(name: string): boolean {
  return name === 'MSH' || name === 'FHS' || name === 'BHS';
}

/** One segment. */
export class Segment {
  /** Three characters, upper case, whatever case the sender uses; `''` for a line that is no segment. */
  readonly name: string;
  /** 1-based among all segments of the message. */
  readonly position: number;
  /** The text that it lies in, and where: from `start` up to `end`, without the line break. */
  readonly source: string;
  readonly start: number;
  readonly end: number;
  readonly #delimiters: Delimiters;
  /** Found at the first question, since one is seldom the only one. */
  #cuts: Cuts | undefined;

  constructor(source: string, position: number, delimiters: Delimiters, start = 0, end = source.length) {
    this.name = nameAt(source, start, end, delimiters.field);
    this.position = position;
    this.source = source;
    this.start = start;
    this.end = end;
    this.#delimiters = delimiters;
  }

  /** Without the line break. */
  get text(): string {
    return this.source.slice(this.start, this.end);
  }

  /** How many fields it has, empty ones too. MSH-1 counts. */
  get fields(): number {
    this.#cuts ??= this.#cut();
    return this.#cuts.length - 2;
  }

  /** The raw text of field `n`, all repetitions; `''` where there is none. MSH-1 is the field separator. */
  field(n: number): string {
    this.#cuts ??= this.#cut();
    const cuts = this.#cuts;
    const from = typeof cuts === 'string' ? cuts.charCodeAt(n) : (cuts[n] ?? Number.NaN);
    const next = typeof cuts === 'string' ? cuts.charCodeAt(n + 1) : (cuts[n + 1] ?? Number.NaN);
    // Behind the last field, and for what is no number of a field, it is not a number.
    if (!(next > 0)) return '';
    if (n === 1 && isHeader(this.name)) return this.#delimiters.field;
    return this.source.slice(this.start + from, this.start + next - 1);
  }

  /** Is there any text in field `n`? */
  has(n: number): boolean {
    if (n === 1 && isHeader(this.name)) return true;
    this.#cuts ??= this.#cut();
    const cuts = this.#cuts;
    return typeof cuts === 'string'
      ? cuts.charCodeAt(n + 1) - cuts.charCodeAt(n) > 1
      : (cuts[n + 1] ?? Number.NaN) - (cuts[n] ?? Number.NaN) > 1;
  }

  /** The raw repetitions of field `n`; none where it is empty. MSH-2 names the separator and doesn't repeat. */
  repetitions(n: number): string[] {
    const raw = this.field(n);
    return isEncoding(this, n) ? [raw] : parts(raw, this.#delimiters.repetition);
  }

  #cut(): Cuts {
    return cut(this.text, this.#delimiters.field, isHeader(this.name));
  }
}

/**
 * Where the name and each field of a segment start, and one past the end of the last. As the codes of a text where the
 * segment is short enough: an array takes 8 bytes a field, which is more than most fields have.
 */
type Cuts = string | readonly number[];

/** As many arguments as a call takes without harm, and within what one code can count. */
const MOST_IN_TEXT = 4096;

function cut(segment: string, separator: string, header: boolean): Cuts {
  const cuts = [0];
  for (let at = segment.indexOf(separator); at >= 0; at = segment.indexOf(separator, at + 1))
    cuts.push(at + 1);
  cuts.push(segment.length + 1);
  // MSH-1 is the separator, so that MSH-2 starts where field 1 of other segments does.
  if (header) cuts.splice(1, 0, 'MSH|'.length);
  return segment.length < MOST_IN_TEXT ? String.fromCharCode(...cuts) : cuts;
}

/** One message. */
export class Message {
  readonly text: string;
  readonly delimiters: Delimiters;
  /** Start and end of each segment, in turn. */
  readonly #marks: readonly number[];
  /** Each made at the first question for it. */
  readonly #segments: (Segment | undefined)[];
  #allMade = false;
  /** Of each segment; found at the first question for one. */
  #names: readonly string[] | undefined;
  #groups: Structure | undefined;
  /** Which segment was found last, and where. */
  #foundName = '';
  #foundIndex = 0;
  #foundAt = 0;

  constructor(text: string, delimiters: Delimiters, marks: readonly number[]) {
    this.text = text;
    this.delimiters = delimiters;
    this.#marks = marks;
    this.#segments = new Array(marks.length / 2);
  }

  /** All segments, in order. */
  get segments(): readonly Segment[] {
    if (!this.#allMade) {
      for (let i = 0; i < this.#segments.length; i++) this.#segment(i);
      this.#allMade = true;
    }
    return this.#segments as Segment[];
  }

  /** The first segment of that name. */
  first(name: string): Segment | undefined {
    return this.#find(name, 1);
  }

  /** All segments of that name, in order. */
  all(name: string): readonly Segment[] {
    const found: Segment[] = [];
    const names = this.#namesOfAll();
    for (let i = 0; i < names.length; i++) if (names[i] === name) found.push(this.#segment(i));
    return found;
  }

  /**
   * The message in groups, by its structure in the newest version of HL7, so that a group has one name whatever version
   * the sender writes. Sorted at the first question.
   */
  groups(): Structure {
    this.#groups ??= readGroups(this, this.#structure(), NEWEST_VERSION);
    return this.#groups;
  }

  /** The segments that `path` means, in order: one of the name, or all of `[*]`; within the groups that it names. */
  segmentsAt(path: Path): readonly Segment[] {
    if (path.groups.length > 0) return segmentsAlong(this.groups(), path);
    if (path.index === '*') return this.all(path.segment);
    const segment = this.#find(path.segment, path.index);
    return segment === undefined ? [] : [segment];
  }

  /**
   * The first value at `path`, unescaped; `''` where there is none. A path that stops above the last level means its
   * first part: `PV1-2` and `PID-3` give the first component of the first repetition.
   */
  value(path: Path): string {
    const segment = this.#firstAt(path);
    if (segment === undefined) return '';
    const raw = segment.field(path.field);
    if (raw === '') return '';
    return isEncoding(segment, path.field)
      ? raw
      : this.unescape(this.#leaf(this.#repetition(raw, path), path));
  }

  /** Every value at `path` (all of `[*]`, all repetitions unless one is named), unescaped; empty ones are left out. */
  values(path: Path): string[] {
    return this.segmentsAt(path).flatMap((segment) => {
      const all = segment.repetitions(path.field);
      if (isEncoding(segment, path.field)) return all;
      const raws =
        typeof path.repetition === 'number' ? all.slice(path.repetition - 1, path.repetition) : all;
      return raws.map((raw) => this.unescape(this.#leaf(raw, path))).filter((value) => value !== '');
    });
  }

  /**
   * Does the sender say at `path` that there is no value (`""`, which asks to delete what the receiver has)? An empty
   * place says nothing, and is not null.
   */
  isNull(path: Path): boolean {
    const segment = this.#firstAt(path);
    return (
      segment !== undefined && isNull(this.#leaf(this.#repetition(segment.field(path.field), path), path))
    );
  }

  /** Raw text as a person reads it. Bytes written as `\Xdd..\` are taken in the character set that MSH-18 names. */
  unescape(raw: string): string {
    const { delimiters } = this;
    // MSH-18 is looked up for those texts alone that have an escape sequence.
    if (delimiters.escape === '' || !raw.includes(delimiters.escape)) return raw;
    return unescape(raw, delimiters, part(this.first('MSH')?.field(18) ?? '', delimiters.repetition, 1));
  }

  #firstAt(path: Path): Segment | undefined {
    if (path.groups.length > 0) return this.segmentsAt(path)[0];
    return this.#find(path.segment, path.index === '*' ? 1 : path.index);
  }

  #repetition(raw: string, { repetition }: Path): string {
    return part(raw, this.delimiters.repetition, typeof repetition === 'number' ? repetition : 1);
  }

  #leaf(repetition: string, path: Path): string {
    return leaf(repetition, this.delimiters, path.component, path.subcomponent);
  }

  #find(name: string, index: number): Segment | undefined {
    const names = this.#namesOfAll();
    // Whoever reads one place of a segment mostly reads another of it next, or of the one behind.
    const known = name === this.#foundName && index >= this.#foundIndex;
    let left = known ? index - this.#foundIndex + 1 : index;
    for (let i = known ? this.#foundAt : 0; i < names.length; i++) {
      if (names[i] !== name || --left > 0) continue;
      this.#foundName = name;
      this.#foundIndex = index;
      this.#foundAt = i;
      return this.#segment(i);
    }
    return undefined;
  }

  #namesOfAll(): readonly string[] {
    if (this.#names === undefined) {
      const names: string[] = new Array(this.#segments.length);
      for (let i = 0; i < names.length; i++) {
        names[i] = nameAt(this.text, this.#marks[2 * i]!, this.#marks[2 * i + 1]!, this.delimiters.field);
      }
      this.#names = names;
    }
    return this.#names;
  }

  #segment(i: number): Segment {
    this.#segments[i] ??= new Segment(
      this.text,
      i + 1,
      this.delimiters,
      this.#marks[2 * i],
      this.#marks[2 * i + 1],
    );
    return this.#segments[i];
  }

  /** MSH-9.3; where no version has such a structure, the one of the event. */
  #structure(): string {
    const type = this.first('MSH')?.field(9) ?? '';
    const [code = '', event = '', structure = ''] = parts(type, this.delimiters.component);
    if (grammarOf(structure, NEWEST_VERSION) !== undefined) return structure;
    return structureOf({ code, event, structure: '' });
  }
}

/** A component's subcomponent of one repetition, raw; the first where it is not said which. */
export function leaf(repetition: string, delimiters: Delimiters, component = 1, subcomponent = 1): string {
  return part(part(repetition, delimiters.component, component), delimiters.subcomponent, subcomponent);
}

/** MSH-1 and MSH-2 hold the delimiters themselves: nothing in them is cut or unescaped. */
function isEncoding(segment: Segment, field: number): boolean {
  return field <= 2 && isHeader(segment.name);
}

/** Reads a message. Segments end with CR, LF or CRLF. Throws `hl7-no-msh` when it doesn't start with a usable MSH. */
export function readMessage(text: string): Message {
  const delimiters = readDelimiters(text);
  const marks: number[] = [];
  let start = 0;
  let cr = indexOrEnd(text, '\r', 0);
  let lf = indexOrEnd(text, '\n', 0);
  while (start < text.length) {
    const end = Math.min(cr, lf);
    if (end > start) marks.push(start, end);
    start = end + 1;
    if (end === cr) cr = indexOrEnd(text, '\r', start);
    if (end === lf) lf = indexOrEnd(text, '\n', start);
  }
  return new Message(text, delimiters, marks.slice());
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
