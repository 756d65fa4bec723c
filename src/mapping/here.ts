/**
 * Where a mapping stands while it runs: a message, or one group of it, and the segment that is being mapped. Rules read
 * through it; resources made here can be referred to from here and from the groups inside.
 */
import type { Values } from '../expression/expression.ts';
import type { Delimiters, Segment } from '../hl7/message.ts';
import { isNull, part } from '../hl7/parts.ts';
import { formatPath, type Path } from '../hl7/path.ts';
import type { Run } from './run.ts';

/** How deep a piece of text lies: 0 a repetition of a field, 1 a component, 2 a subcomponent. */
export type Level = 0 | 1 | 2;

/** How deep a path reaches. */
export function levelOf(path: Pick<Path, 'component' | 'subcomponent'>): Level {
  return path.subcomponent !== undefined ? 2 : path.component !== undefined ? 1 : 0;
}

interface Made {
  readonly type: string;
  readonly reference: string;
  /** Position of the segment that it was made of. */
  readonly position: number | undefined;
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

  /** For each segment of that name here: where a rule stands that is run for it. What is around is seen from there. */
  each(name: string): Here[] {
    return this.segments
      .filter((segment) => segment.name === name)
      .map((segment) => {
        const inside = new Here(this.run, [segment], this);
        inside.segment = segment;
        return inside;
      });
  }

  /**
   * The segment that a path means: the one being mapped, else the nearest here, else in the groups around. A path that
   * names groups counts from the whole message.
   */
  find(path: Path): Segment | undefined {
    if (path.groups.length > 0) return this.run.message.segmentsAt(path)[0];
    return this.#near(path.segment, path.index);
  }

  #near(name: string, index: number | '*'): Segment | undefined {
    if (this.segment?.name === name && (index === 1 || index === '*')) return this.segment;
    let left = index === '*' ? 1 : index;
    for (const segment of this.segments) {
      if (segment.name === name && --left === 0) return segment;
    }
    return this.#parent === undefined ? undefined : this.#parent.#near(name, index);
  }

  /** Raw text at a path, cut as deep as the path reaches; the first repetition unless it names one. */
  raw(path: Path): string {
    const segment = this.find(path);
    if (segment === undefined) return '';
    const repetition = typeof path.repetition === 'number' ? path.repetition : 1;
    return this.#cut(part(segment.field(path.field), this.#delimiters.repetition, repetition), path);
  }

  /** All raw texts at a path. `[*]` on the segment means those of this group only: notes belong to what they follow. */
  raws(path: Path): string[] {
    if (path.groups.length > 0) {
      return this.run.message.segmentsAt(path).flatMap((segment) => this.#repetitions(segment, path));
    }
    if (path.index === '*') {
      return this.segments.flatMap((segment) =>
        segment.name === path.segment ? this.#repetitions(segment, path) : [],
      );
    }
    const segment = this.find(path);
    return segment === undefined ? [] : this.#repetitions(segment, path);
  }

  /** The whole field, repetitions and all. */
  field(path: Path): string {
    const segment = this.find(path);
    const raw = segment === undefined ? '' : segment.field(path.field);
    return isNull(raw) ? '' : raw;
  }

  #repetitions(segment: Segment, path: Path): string[] {
    const raw = segment.field(path.field);
    if (raw === '') return [];
    const { repetition } = this.#delimiters;
    if (typeof path.repetition === 'number') return [this.#cut(part(raw, repetition, path.repetition), path)];
    if (repetition === '' || !raw.includes(repetition)) return [this.#cut(raw, path)];
    return raw.split(repetition).map((one) => this.#cut(one, path));
  }

  #cut(raw: string, path: Path): string {
    let piece = raw;
    if (path.component !== undefined) piece = part(piece, this.#delimiters.component, path.component);
    if (path.subcomponent !== undefined)
      piece = part(piece, this.#delimiters.subcomponent, path.subcomponent);
    // `""` asks the receiver to delete the value: it is never the value.
    return isNull(piece) ? '' : piece;
  }

  /** Part `n` of a piece at `level`, raw. */
  part(raw: string, level: Level, n: number): string {
    const piece =
      level === 2
        ? n === 1
          ? raw
          : ''
        : level === 0
          ? (this.run.components(raw)[n - 1] ?? '')
          : part(raw, this.#delimiters.subcomponent, n);
    return isNull(piece) ? '' : piece;
  }

  /** The first leaf of a piece at `level`, unescaped. */
  leaf(raw: string, level: Level): string {
    let piece = raw;
    if (level === 0) piece = part(piece, this.#delimiters.component, 1);
    if (level < 2) piece = part(piece, this.#delimiters.subcomponent, 1);
    return isNull(piece) ? '' : this.run.message.unescape(piece);
  }

  /** A whole piece as text: delimiters in it are taken as characters that the sender forgot to escape. */
  text(raw: string): string {
    const { repetition } = this.#delimiters;
    return this.run.message.unescape(repetition === '' ? raw : raw.replaceAll(repetition, '\n'));
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
    const made = { type, reference: `${type}/${id}`, position: this.segment?.position };
    this.#made.push(made);
    for (let above = this.#parent; above !== undefined; above = above.#parent) above.#madeBelow.push(made);
  }

  /** References to resources of a type: made of the segment at hand, else here or inside, else around. */
  references(type: string): string[] {
    const found = this.#madeOfSegment(type);
    if (found.length > 0) return found;
    collect(this.#made, type, found);
    collect(this.#madeBelow, type, found);
    for (let above = this.#parent; found.length === 0 && above !== undefined; above = above.#parent) {
      collect(above.#made, type, found);
    }
    return found.length > 1 ? [...new Set(found)] : found;
  }

  #madeOfSegment(type: string): string[] {
    const found: string[] = [];
    const position = this.segment?.position;
    if (position === undefined) return found;
    for (let level: Here | undefined = this; level !== undefined; level = level.#parent) {
      for (const made of level.#made) {
        if (made.position === position && made.type === type) found.push(made.reference);
      }
    }
    return found;
  }

  /** Did the sender ask to delete what stands at a path (`""`)? */
  isNull(path: Path): boolean {
    const raw = this.find(path)?.field(path.field) ?? '';
    if (!raw.includes('""')) return false;
    const repetition = typeof path.repetition === 'number' ? path.repetition : 1;
    let piece = part(raw, this.#delimiters.repetition, repetition);
    if (path.component !== undefined && !isNull(piece))
      piece = part(piece, this.#delimiters.component, path.component);
    return isNull(piece);
  }

  /** `OBX[3]-5`: a path as this segment stands in the message. */
  place(path: Path | undefined): string {
    if (path === undefined) return this.segment?.name ?? 'MSH';
    const segment = this.find(path);
    const named = this.run.message.all(path.segment);
    const number = named.findIndex((one) => one.position === segment?.position) + 1;
    return formatPath({ ...path, groups: [], index: Math.max(1, number) });
  }
}

function collect(made: readonly Made[], type: string, found: string[]): void {
  for (const one of made) if (one.type === type) found.push(one.reference);
}
