/**
 * The grammar of message structures: which segments in which order and which groups (versions 2.1 to 2.7.1; 2.8, 2.8.1 and 2.8.2 read as 2.7.1). The
 * data of the package `hl7-dictionary`, which `scripts/structures.ts` writes to `structures.json`; it is read at the first question, not on import.
 */
import { createRequire } from 'node:module';
import { nearestVersion } from './version.ts';

/** A segment, a choice of segments, or a group, at its place in the grammar. */
export interface Element {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** What a group is made of, in order; empty for segments. */
  readonly children: readonly Element[];
  /** Names of all segments that may stand here, at any depth. */
  readonly contains: ReadonlySet<string>;
}

/**
 * The grammar of a structure such as `ORU_R01`, as a group of the whole message. A version that doesn't have it (2.7
 * withdrew ORM_O01) takes it from the nearest one that does. Undefined when none has.
 */
export function grammarOf(structure: string, version: string): Element | undefined {
  const versions = Object.keys(data().versions);
  const start = versions.indexOf(nearestVersion(version, versions));
  const older = versions.slice(0, start + 1).reverse();
  for (const each of [...older, ...versions.slice(start + 1)]) {
    const structures = data().versions[each]!;
    if (Object.hasOwn(structures, structure)) return compiled(structure, structures[structure]!);
  }
  return undefined;
}

/** The structure of an event by table 0354: `ADT` and `A08` give `ADT_A01`. Undefined when the table lacks it. */
export function structureOfEvent(code: string, event: string): string | undefined {
  return structuresByEvent().get(`${code}^${event}`);
}

/** All structures that table 0354 has for the events of a message code. */
export function structuresOfCode(code: string): string[] {
  const found = [...structuresByEvent()].filter(([event]) => event.startsWith(`${code}^`));
  return [...new Set(found.map(([, structure]) => structure))];
}

/** The names of all groups that any structure of any version has. */
export function everyGroupName(): ReadonlySet<string> {
  if (allGroups === undefined) {
    const all = new Set<string>();
    const add = ([name, , , inner]: ElementData): void => {
      if (inner === undefined || !isGroup(inner)) return;
      all.add(name);
      inner.forEach(add);
    };
    for (const grammar of data().grammars) grammar.forEach(add);
    allGroups = all;
  }
  return allGroups;
}

function structuresByEvent(): ReadonlyMap<string, string> {
  structures ??= new Map(
    Object.entries(data().events).flatMap(([structure, events]) =>
      events.split(/[\s,.]+/).map((each) => [`${structure.split('_')[0]}^${each}`, structure]),
    ),
  );
  return structures;
}

/** An element as the data has it; `max` 0 stands for any number. Inner elements make a group, names a choice of segments. */
export type ElementData = readonly [
  name: string,
  min: number,
  max: number,
  inner?: readonly ElementData[] | readonly string[],
];

/** The whole data file. */
export interface StructuresData {
  readonly grammars: readonly (readonly ElementData[])[];
  /** By version and structure: the number of its grammar. */
  readonly versions: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Table 0354: structure → its events. */
  readonly events: Readonly<Record<string, string>>;
}

let loaded: StructuresData | undefined;
let structures: ReadonlyMap<string, string> | undefined;
let allGroups: ReadonlySet<string> | undefined;
const compiledGrammars = new Map<string, Element>();

function data(): StructuresData {
  loaded ??= createRequire(import.meta.url)('./structures.json') as StructuresData;
  return loaded;
}

function compiled(structure: string, number: number): Element {
  const key = `${structure} ${number}`;
  let grammar = compiledGrammars.get(key);
  if (grammar === undefined) {
    grammar = group(structure, 1, 1, data().grammars[number]!.map(compile));
    compiledGrammars.set(key, grammar);
  }
  return grammar;
}

function compile([name, min, max, inner]: ElementData): Element {
  const most = max === 0 ? Number.POSITIVE_INFINITY : max;
  if (inner !== undefined && isGroup(inner)) return group(name, min, most, inner.map(compile));
  return { name, min, max: most, children: [], contains: new Set(inner ?? [name]) };
}

function isGroup(inner: NonNullable<ElementData[3]>): inner is readonly ElementData[] {
  return typeof inner[0] === 'object';
}

function group(name: string, min: number, max: number, children: readonly Element[]): Element {
  return { name, min, max, children, contains: new Set(children.flatMap((child) => [...child.contains])) };
}
