/**
 * The groups of a message, by the grammar of its structure. A message that doesn't fit is read all the same: every
 * segment finds a place, and what doesn't fit is reported.
 */
import { type Element, grammarOf, structureOfEvent } from './grammar.ts';
import type { Header } from './header.ts';
import type { Message, Segment } from './message.ts';

/** A group of segments, such as one ORDER_OBSERVATION. Segments and groups are in the order of the message. */
export class Group {
  readonly name: string;
  /** Its own segments, not those of groups inside. */
  readonly segments: Segment[] = [];
  readonly groups: Group[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** The groups of that name inside this one, at any depth. */
  all(name: string): Group[] {
    return this.groups.flatMap((group) => (group.name === name ? [group] : group.all(name)));
  }
}

/**
 * Where a message leaves its structure. Says names, never values. `segment` and `index` are the place as ERL.1 and ERL.2
 * want it; of something that is missing, the place it would have had.
 */
export interface Misfit {
  /** The name of the segment, of a missing group that of its first one; `''` for a line that is no segment. */
  readonly segment: string;
  /** Which of that name in the message, 1-based. */
  readonly index: number;
  /** Position of the segment; that of the first segment of a group that lacks something. */
  readonly position: number;
  /** `unknown`: the structure has no such segment; `no-structure`: no version has the structure. */
  readonly kind: 'unknown' | 'out-of-place' | 'too-many' | 'missing' | 'no-structure';
  /** Table 0357. 100: segment sequence error, 101: required field (here, segment) missing. */
  readonly condition: '100' | '101';
  readonly says: string;
}

/** A whole message in groups: the outermost group, named as the structure is. */
export interface Structure extends Group {
  /** Undefined when no version of HL7 has the structure. */
  readonly grammar: Element | undefined;
  readonly misfits: readonly Misfit[];
}

/** The structure's id: MSH-9.3, else what table 0354 says for the event, else `CODE_EVENT`. */
export function structureOf({
  code,
  event,
  structure,
}: Pick<Header, 'code' | 'event' | 'structure'>): string {
  if (structure !== '') return structure;
  return structureOfEvent(code, event) ?? (event === '' ? code : `${code}_${event}`);
}

/**
 * Sorts a message into groups. Never throws. A segment goes where the grammar has it next, in the innermost group that
 * does, or where it was missed before; failing that, where it comes later, over required ones that are missing; failing
 * that, it stays in the group that is open. Of a structure that is not known, all segments are in one group.
 */
export function readGroups(message: Message, structure: string, version: string): Structure {
  const misfits: Misfit[] = [];
  const grammar = grammarOf(structure, version);
  const whole: Structure = Object.assign(new Group(structure), { grammar, misfits });
  if (grammar === undefined) {
    for (const segment of message.segments) whole.segments.push(segment);
    const says = `no version of HL7 has the structure ${structure}`;
    misfits.push({ kind: 'no-structure', segment: 'MSH', index: 1, position: 1, condition: '100', says });
    return whole;
  }
  const sorting: Sorting = {
    open: [{ element: grammar, group: whole, position: 1, at: 0, count: 0, missed: [] }],
    misfits,
    seen: new Map(),
  };
  for (const segment of message.segments) {
    place(segment, sorting);
    sorting.seen.set(segment.name, indexOf(segment.name, sorting));
  }
  close(sorting, 0);
  return whole;
}

/** The work in hand. */
interface Sorting {
  /** From the whole message to the innermost group that is open. */
  readonly open: Frame[];
  readonly misfits: Misfit[];
  /** How many segments of a name came so far. */
  readonly seen: Map<string, number>;
}

/** Which of its name the next segment `name` is. */
function indexOf(name: string, { seen }: Sorting): number {
  return (seen.get(name) ?? 0) + 1;
}

/** An open group: how far it is filled. */
interface Frame {
  readonly element: Element;
  readonly group: Group;
  /** Position of its first segment. */
  readonly position: number;
  /** The child that came last, and how often it came in a row. */
  at: number;
  count: number;
  /** Required children that were gone over. */
  missed: readonly Element[];
}

function place(segment: Segment, sorting: Sorting): void {
  const { open } = sorting;
  const { name } = segment;
  for (const strict of [true, false]) {
    for (let depth = open.length - 1; depth >= 0; depth--) {
      const frame = open[depth]!;
      const way = wayTo(name, frame, strict) ?? (takesLate(name, frame) ? [] : undefined);
      if (way === undefined) continue;
      close(sorting, depth + 1);
      if (way.length === 0) {
        misfit('out-of-place', segment, `${name} comes late in ${frame.element.name}`, sorting);
      }
      for (const child of way) step(sorting, child, segment);
      open.at(-1)!.group.segments.push(segment);
      return;
    }
  }
  const home = open.findLast(({ element }) => isDirect(element, name)) ?? open.at(-1)!;
  home.group.segments.push(segment);
  const whole = open[0]!.element;
  if (whole.contains.has(name)) {
    misfit('out-of-place', segment, `${name} has its place elsewhere in ${whole.name}`, sorting);
  } else {
    const says = `${name || 'a line that is no segment'} is no part of ${whole.name}`;
    misfit('unknown', segment, says, sorting);
  }
}

function misfit(kind: Misfit['kind'], { name, position }: Segment, says: string, sorting: Sorting): void {
  const index = indexOf(name, sorting);
  sorting.misfits.push({ kind, segment: name, index, position, condition: '100', says });
}

/** The children to step through from `frame` down to the segment `name`; undefined when it has no place ahead. */
function wayTo(
  name: string,
  frame: Pick<Frame, 'element' | 'at' | 'count'>,
  strict: boolean,
): number[] | undefined {
  const { children } = frame.element;
  for (let i = frame.at; i < children.length; i++) {
    const child = children[i]!;
    const count = i === frame.at ? frame.count : 0;
    if (child.contains.has(name)) {
      if (child.children.length === 0) {
        if (count < child.max || !strict) return [i];
      } else if (strict ? count < child.max : count === 0) {
        const below = wayTo(name, { element: child, at: 0, count: 0 }, strict);
        if (below !== undefined) return [i, ...below];
      }
    }
    if (strict && count < child.min) return undefined;
  }
  return undefined;
}

/**
 * Was the segment `name` missed in `frame`, and may still come: PID behind PV1, OBR behind a note to ORC? Not behind a
 * group that repeats: results that came before an OBR are not its results.
 */
function takesLate(name: string, frame: Frame): boolean {
  const late = frame.missed.find((child) => isSegment(child, name));
  const last = frame.element.children[frame.at]!;
  if (late === undefined || (last.children.length > 0 && last.max > 1)) return false;
  frame.missed = frame.missed.filter((child) => child !== late);
  return true;
}

/** Goes on to child `i` of the innermost open group, on the way to `segment`, and opens it when it is a group. */
function step(sorting: Sorting, i: number, segment: Segment): void {
  const frame = sorting.open.at(-1)!;
  const { position } = segment;
  const child = frame.element.children[i]!;
  const missed = missing(frame, i);
  lacks(sorting, frame, missed, position);
  frame.missed = [...frame.missed, ...missed];
  frame.count = i === frame.at ? frame.count + 1 : 1;
  frame.at = i;
  if (frame.count > child.max) {
    misfit('too-many', segment, `${frame.element.name} has at most ${child.max} ${child.name}`, sorting);
  }
  if (child.children.length === 0) return;
  const group = new Group(child.name);
  frame.group.groups.push(group);
  sorting.open.push({ element: child, group, position, at: 0, count: 0, missed: [] });
}

/** Closes the open groups from `depth` on. */
function close(sorting: Sorting, depth: number): void {
  for (const frame of sorting.open.splice(depth).reverse()) {
    lacks(sorting, frame, missing(frame, frame.element.children.length), frame.position);
  }
}

/** The required children of `frame` before child `end` that did not come. */
function missing(frame: Frame, end: number): Element[] {
  return frame.element.children
    .slice(frame.at, end)
    .filter((child, i) => (i === 0 ? frame.count : 0) < child.min);
}

function lacks(sorting: Sorting, { element }: Frame, missed: readonly Element[], position: number): void {
  for (const child of missed) {
    const segment = firstSegment(child);
    const index = indexOf(segment, sorting);
    const says = `${element.name} lacks ${child.name}`;
    sorting.misfits.push({ kind: 'missing', segment, index, position, condition: '101', says });
  }
}

/** The segment that a group starts with, as far as one is required; of a choice the first. */
function firstSegment(element: Element): string {
  const [first] = element.children;
  if (first === undefined) return [...element.contains][0] ?? element.name;
  return firstSegment(element.children.find(({ min }) => min > 0) ?? first);
}

function isDirect({ children }: Element, name: string): boolean {
  return children.some((child) => isSegment(child, name));
}

function isSegment({ children, contains }: Element, name: string): boolean {
  return children.length === 0 && contains.has(name);
}
