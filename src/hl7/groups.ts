/**
 * Where a path through groups leads: `PATIENT_RESULT.ORDER_OBSERVATION[2].OBX-5`. Groups that stand between two that
 * are named may be left out; the nearest of the name is meant, and has to be the only one at its depth.
 */
import type { Element } from './grammar.ts';
import type { Segment } from './message.ts';
import type { Path } from './path.ts';
import type { Group, Structure } from './structure.ts';

/** The groups to go through for one step of a path, each by its name; the last is the one that the step names. */
type Steps = readonly string[];

/** A path's way down the grammar of a structure. */
export interface Way {
  /** One for each group of the path. */
  readonly groups: readonly Steps[];
  /** From there to the group that has the segment; undefined where the grammar has no such segment there. */
  readonly inside: Steps | undefined;
}

/** Why a path has no way down a grammar. */
export type NoWay =
  | { readonly kind: 'unknown'; readonly name: string; readonly known: readonly string[] }
  | { readonly kind: 'ambiguous'; readonly name: string; readonly ways: readonly Steps[] };

/** The way of a path down `grammar`, or why there is none. */
export function wayOf(
  grammar: Element,
  path: Pick<Path, 'groups' | 'segment'>,
): { way: Way } | { noWay: NoWay } {
  const groups: Steps[] = [];
  let at = grammar;
  for (const { name } of path.groups) {
    const ways = nearest(inner(at), (element) => element.name === name);
    const [found] = ways;
    if (found === undefined) return { noWay: { kind: 'unknown', name, known: groupNames(at) } };
    if (ways.length > 1) return { noWay: { kind: 'ambiguous', name, ways: ways.map(({ steps }) => steps) } };
    groups.push(found.steps);
    at = found.element;
  }
  const ways = nearest([{ element: at, steps: [] }], (element) => hasOwn(element, path.segment));
  if (ways.length > 1) {
    return { noWay: { kind: 'ambiguous', name: path.segment, ways: ways.map(({ steps }) => steps) } };
  }
  return { way: { groups, inside: ways[0]?.steps } };
}

/** The segments that a path through groups means; none where the structure has no such way. */
export function segmentsAlong(whole: Structure, path: Path): readonly Segment[] {
  if (whole.grammar === undefined) return [];
  const found = wayOf(whole.grammar, path);
  if ('noWay' in found) return [];
  const { way } = found;
  let groups: readonly Group[] = [whole];
  for (const [i, { index }] of path.groups.entries()) {
    groups = groups.flatMap((group) => chosen(below(group, way.groups[i]!), index));
  }
  return groups.flatMap((group) => {
    const own =
      way.inside === undefined ? everySegment(group) : below(group, way.inside).flatMap(ownSegments);
    return chosen(
      own.filter(({ name }) => name === path.segment),
      path.index,
    );
  });
}

/** The names of all groups inside `element`, at any depth. */
export function groupNames(element: Element): string[] {
  return element.children.flatMap((child) =>
    child.children.length === 0 ? [] : [child.name, ...groupNames(child)],
  );
}

interface Reached {
  readonly element: Element;
  readonly steps: Steps;
}

/** All that `fits` at the least depth at which something does. Two places of the same names are one. */
function nearest(from: readonly Reached[], fits: (element: Element) => boolean): readonly Reached[] {
  for (
    let level = from;
    level.length > 0;
    level = level.flatMap(({ element, steps }) => inner(element, steps))
  ) {
    const found = level.filter(({ element }) => fits(element));
    if (found.length > 0) return [...new Map(found.map((one) => [one.steps.join('.'), one])).values()];
  }
  return [];
}

function inner({ children }: Element, steps: Steps = []): Reached[] {
  return children
    .filter((child) => child.children.length > 0)
    .map((child) => ({ element: child, steps: [...steps, child.name] }));
}

function hasOwn({ children }: Element, segment: string): boolean {
  return children.some((child) => child.children.length === 0 && child.contains.has(segment));
}

function below(group: Group, steps: Steps): readonly Group[] {
  return steps.reduce<readonly Group[]>(
    (groups, name) => groups.flatMap((one) => one.groups.filter((child) => child.name === name)),
    [group],
  );
}

function ownSegments(group: Group): readonly Segment[] {
  return group.segments;
}

/** Of a group and all inside it, in the order of the message: local segments have a place in no grammar. */
function everySegment(group: Group): Segment[] {
  const all = (one: Group): Segment[] => [...one.segments, ...one.groups.flatMap(all)];
  return all(group).sort((a, b) => a.position - b.position);
}

function chosen<T>(all: readonly T[], index: number | '*'): readonly T[] {
  return index === '*' ? all : all.slice(index - 1, index);
}
