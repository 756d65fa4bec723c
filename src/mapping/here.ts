/**
 * Where a mapping stands while it runs: a message, or one group of it, and the segment that is being mapped. Rules read
 * through it; resources made here can be referred to from here and from the groups inside.
 */
import type { EventEntry, Identity } from '../event.ts';
import type { Values } from '../expression/expression.ts';
import { stableId } from '../fhir/identity.ts';
import { unescape } from '../hl7/escape.ts';
import type { Delimiters, Message, Segment } from '../hl7/message.ts';
import { part } from '../hl7/parts.ts';
import type { Path } from '../hl7/path.ts';
import type { MappingContext, Warning } from './mapping.ts';

/** How deep a piece of text lies: 0 a repetition of a field, 1 a component, 2 a subcomponent. */
export type Level = 0 | 1 | 2;

/** How deep a path reaches. */
export function levelOf(path: Pick<Path, 'component' | 'subcomponent'>): Level {
  return path.subcomponent !== undefined ? 2 : path.component !== undefined ? 1 : 0;
}

/** A resource while it is being filled. */
export type Draft = Record<string, unknown> & { readonly resourceType: string; readonly id: string };

/** What one run gathers: entries, each before the ones that refer to it, and warnings. */
export class Run {
  readonly message: Message;
  readonly context: MappingContext;
  readonly entries: EventEntry[] = [];
  readonly warnings: Warning[] = [];
  /** Dates already converted: the same few times stand in many fields of a message. */
  readonly times = new Map<string, string>();
  /** Positions of the segments that a map has seen, or that were joined to such a one. */
  readonly visited = new Set<number>();
  /** Fields of segments, cut once: a mapping reads most of them, and those of OBR again for each OBX. */
  readonly #fields = new Map<Segment, readonly string[]>();
  readonly #drafts = new Map<string, Draft>();
  readonly #numbers = new Map<string, number>();

  constructor(message: Message, context: MappingContext) {
    this.message = message;
    this.context = context;
  }

  /** The raw text of field `n` of a segment. */
  field(segment: Segment, n: number): string {
    let fields = this.#fields.get(segment);
    if (fields === undefined) {
      const cuts = segment.text.split(this.message.delimiters.field);
      // MSH-1 is the separator itself, so MSH-2 comes right after the name.
      fields = segment.name === 'MSH' ? ['MSH', this.message.delimiters.field, ...cuts.slice(1)] : cuts;
      this.#fields.set(segment, fields);
    }
    return fields[n] ?? '';
  }

  /** The id of a resource. */
  id(resourceType: string, identity: Identity): string {
    return stableId(this.context.tenant, resourceType, identity);
  }

  /** The identity itself the first time, then numbered `#2`, `#3` … within this message. */
  numbered(resourceType: string, identity: Identity): Identity {
    const key = `${resourceType}\0${identity.system}\0${identity.value}`;
    const number = (this.#numbers.get(key) ?? 0) + 1;
    this.#numbers.set(key, number);
    return number === 1 ? identity : { system: identity.system, value: `${identity.value}#${number}` };
  }

  /** Adds a resource. One that is there already is filled up where it has nothing yet. */
  add(draft: Draft, identity: Identity): void {
    const known = this.#drafts.get(draft.id);
    if (known === undefined) {
      this.#drafts.set(draft.id, draft);
      this.entries.push({ resource: draft as unknown as EventEntry['resource'], identity });
      return;
    }
    for (const [name, value] of Object.entries(draft)) known[name] ??= value;
  }

  warn(path: string, says: string): void {
    this.warnings.push({ path, says });
  }
}

interface Made {
  readonly type: string;
  readonly reference: string;
}

/** A message or a group. See the head of this file. */
export class Here implements Values {
  readonly run: Run;
  readonly segments: readonly Segment[];
  /** The segment being mapped: paths that name its kind mean it. */
  segment: Segment | undefined;
  readonly #parent: Here | undefined;
  readonly #made: Made[] = [];
  readonly #madeBelow: Made[] = [];
  readonly #delimiters: Delimiters;

  constructor(run: Run, segments: readonly Segment[], parent?: Here) {
    this.run = run;
    this.segments = segments;
    this.#parent = parent;
    this.#delimiters = run.message.delimiters;
  }

  /** The segment that a path means: the one being mapped, else the nearest here, else in the groups around. */
  find(name: string, index: number | '*'): Segment | undefined {
    if (this.segment?.name === name && (index === 1 || index === '*')) return this.segment;
    let left = index === '*' ? 1 : index;
    for (const segment of this.segments) {
      if (segment.name === name && --left === 0) return segment;
    }
    return this.#parent?.find(name, index);
  }

  /** Raw text at a path, cut as deep as the path reaches; the first repetition unless it names one. */
  raw(path: Path): string {
    const segment = this.find(path.segment, path.index);
    if (segment === undefined) return '';
    const repetition = typeof path.repetition === 'number' ? path.repetition : 1;
    return this.#cut(cut(this.run.field(segment, path.field), this.#delimiters.repetition, repetition), path);
  }

  /** All raw texts at a path. `[*]` on the segment means those of this group only: notes belong to what they follow. */
  raws(path: Path): string[] {
    if (path.index === '*') {
      return this.segments.flatMap((segment) =>
        segment.name === path.segment ? this.#repetitions(segment, path) : [],
      );
    }
    const segment = this.find(path.segment, path.index);
    return segment === undefined ? [] : this.#repetitions(segment, path);
  }

  /** The whole field, repetitions and all. */
  field(path: Path): string {
    const segment = this.find(path.segment, path.index);
    const raw = segment === undefined ? '' : this.run.field(segment, path.field);
    return raw === '""' ? '' : raw;
  }

  #repetitions(segment: Segment, path: Path): string[] {
    const raw = this.run.field(segment, path.field);
    if (raw === '') return [];
    const { repetition } = this.#delimiters;
    if (typeof path.repetition === 'number') return [this.#cut(cut(raw, repetition, path.repetition), path)];
    if (repetition === '' || !raw.includes(repetition)) return [this.#cut(raw, path)];
    return raw.split(repetition).map((one) => this.#cut(one, path));
  }

  #cut(raw: string, path: Path): string {
    let piece = raw;
    if (path.component !== undefined) piece = cut(piece, this.#delimiters.component, path.component);
    if (path.subcomponent !== undefined) piece = cut(piece, this.#delimiters.subcomponent, path.subcomponent);
    // `""` asks the receiver to delete the value: it is never the value.
    return piece === '""' ? '' : piece;
  }

  /** Part `n` of a piece at `level`, raw. */
  part(raw: string, level: Level, n: number): string {
    const piece =
      level === 2
        ? n === 1
          ? raw
          : ''
        : cut(raw, level === 0 ? this.#delimiters.component : this.#delimiters.subcomponent, n);
    return piece === '""' ? '' : piece;
  }

  /** The first leaf of a piece at `level`, unescaped. */
  leaf(raw: string, level: Level): string {
    let piece = raw;
    if (level === 0) piece = cut(piece, this.#delimiters.component, 1);
    if (level < 2) piece = cut(piece, this.#delimiters.subcomponent, 1);
    return piece === '""' ? '' : unescape(piece, this.#delimiters);
  }

  /** A whole piece as text: delimiters in it are taken as characters that the sender forgot to escape. */
  text(raw: string): string {
    const { repetition } = this.#delimiters;
    return unescape(repetition === '' ? raw : raw.replaceAll(repetition, '\n'), this.#delimiters);
  }

  value(path: Path): string {
    return this.leaf(this.raw(path), levelOf(path));
  }

  values(path: Path): string[] {
    const level = levelOf(path);
    return this.raws(path)
      .map((raw) => this.leaf(raw, level))
      .filter((text) => text !== '');
  }

  /** Remembers a resource made here, so that rules here and in groups inside can refer to it. */
  remember(type: string, id: string): void {
    const made = { type, reference: `${type}/${id}` };
    this.#made.push(made);
    for (let above = this.#parent; above !== undefined; above = above.#parent) above.#madeBelow.push(made);
  }

  /** References to the nearest resources of a type: made here or inside, else around. */
  references(type: string): string[] {
    const found = new Set<string>();
    collect(this.#made, type, found);
    collect(this.#madeBelow, type, found);
    for (let above = this.#parent; found.size === 0 && above !== undefined; above = above.#parent) {
      collect(above.#made, type, found);
    }
    return [...found];
  }

  /** `OBX[3]-5`: a path as this segment stands in the message. */
  place(path: Path | undefined): string {
    if (path === undefined) return this.segment?.name ?? 'MSH';
    const segment = this.find(path.segment, path.index);
    const named = this.run.message.all(path.segment);
    const number = named.findIndex((one) => one.position === segment?.position) + 1;
    return path.text.replace(/^\w+(\[[^\]]*\])?/, number > 1 ? `${path.segment}[${number}]` : path.segment);
  }
}

function collect(made: readonly Made[], type: string, found: Set<string>): void {
  for (const one of made) if (one.type === type) found.add(one.reference);
}

function cut(raw: string, separator: string, n: number): string {
  if (separator === '') return n === 1 ? raw : '';
  return part(raw, separator, n);
}
