/**
 * The grammar of message structures: which segments in which order and which groups, as data of the package
 * `hl7-dictionary` (versions 2.1 to 2.7.1; 2.8, 2.8.1 and 2.8.2 read as 2.7.1). It is read at the first question, not on import.
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
  const { definitions } = data();
  const versions = Object.keys(definitions);
  const start = versions.indexOf(nearestVersion(version, versions));
  const older = versions.slice(0, start + 1).reverse();
  for (const each of [...older, ...versions.slice(start + 1)]) {
    const { messages } = definitions[each]!;
    if (Object.hasOwn(messages, structure)) return compiled(messages[structure]!);
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
    const add = ({ name, children }: ElementData): void => {
      if (children !== undefined) all.add(groupName(name));
      children?.forEach(add);
    };
    for (const { messages } of Object.values(data().definitions)) {
      for (const { segments } of Object.values(messages)) segments.segments.forEach(add);
    }
    allGroups = all;
  }
  return allGroups;
}

function structuresByEvent(): ReadonlyMap<string, string> {
  structures ??= new Map(
    Object.entries(data().tables['354']!.values).flatMap(([structure, events]) =>
      events.split(/[\s,.]+/).map((each) => [`${structure.split('_')[0]}^${each}`, structure]),
    ),
  );
  return structures;
}

/** The package's own form. `max` 0 stands for any number. */
interface ElementData {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly children?: readonly ElementData[];
  /** The segments of a choice. Some have lost their name. */
  readonly compounds?: readonly { readonly name: string | null }[];
}

interface MessageData {
  readonly name: string;
  readonly segments: { readonly segments: readonly ElementData[] };
}

interface GrammarData {
  readonly definitions: Readonly<
    Record<string, { readonly messages: Readonly<Record<string, MessageData>> }>
  >;
  readonly tables: Readonly<Record<string, { readonly values: Readonly<Record<string, string>> }>>;
}

let loaded: GrammarData | undefined;
let structures: ReadonlyMap<string, string> | undefined;
let allGroups: ReadonlySet<string> | undefined;
const grammars = new WeakMap<MessageData, Element>();

function data(): GrammarData {
  loaded ??= createRequire(import.meta.url)('hl7-dictionary') as GrammarData;
  return loaded;
}

function compiled(message: MessageData): Element {
  let grammar = grammars.get(message);
  if (grammar === undefined) {
    grammar = group(message.name, 1, 1, message.segments.segments.map(compile));
    grammars.set(message, grammar);
  }
  return grammar;
}

function compile({ name, min, max, children, compounds }: ElementData): Element {
  const most = max === 0 ? Number.POSITIVE_INFINITY : max;
  if (children !== undefined) return group(groupName(name), min, most, children.map(compile));
  const names = compounds?.flatMap((choice) => choice.name ?? []) ?? [name];
  return { name, min, max: most, children: [], contains: new Set(names) };
}

/** A few groups have a name such as SUBJECT_PERSON/ANIMAL_IDENTIFICATION, which no path could name. */
function groupName(name: string): string {
  return name.toUpperCase().replaceAll('/', '_');
}

function group(name: string, min: number, max: number, children: readonly Element[]): Element {
  return { name, min, max, children, contains: new Set(children.flatMap((child) => [...child.contains])) };
}
