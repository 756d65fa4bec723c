/**
 * Writes `src/hl7/structures.json`: the grammar of the message structures of each version and table 0354, as `src/hl7/grammar.ts` reads them. They
 * are those of hl7-dictionary, which takes 90 ms to load: here what several versions have alike stands once.
 *
 * Run it after a new version of hl7-dictionary: `node scripts/structures.ts`.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { ElementData, StructuresData } from '../src/hl7/grammar.ts';

/** The package's own form. */
interface PackageElement {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly children?: readonly PackageElement[];
  /** The segments of a choice. Some have lost their name. */
  readonly compounds?: readonly { readonly name: string | null }[];
}

interface PackageData {
  readonly definitions: Readonly<
    Record<
      string,
      { readonly messages: Readonly<Record<string, { segments: { segments: readonly PackageElement[] } }>> }
    >
  >;
  readonly tables: Readonly<Record<string, { readonly values: Readonly<Record<string, string>> }>>;
}

/** The data that belongs into structures.json. */
export function buildStructures(): StructuresData {
  const { definitions, tables } = createRequire(import.meta.url)('hl7-dictionary') as PackageData;
  const grammars: (readonly ElementData[])[] = [];
  const numbers = new Map<string, number>();
  const versions: Record<string, Record<string, number>> = {};
  for (const [version, { messages }] of Object.entries(definitions)) {
    versions[version] = {};
    for (const [structure, { segments }] of Object.entries(messages)) {
      const grammar = segments.segments.map(elementData);
      const key = JSON.stringify(grammar);
      const number = numbers.get(key) ?? grammars.push(grammar) - 1;
      numbers.set(key, number);
      versions[version][structure] = number;
    }
  }
  return { grammars, versions, events: tables['354']!.values };
}

/** A few groups have a name such as SUBJECT_PERSON/ANIMAL_IDENTIFICATION, which no path could name. */
function elementData({ name, min, max, children, compounds }: PackageElement): ElementData {
  if (children !== undefined)
    return [name.toUpperCase().replaceAll('/', '_'), min, max, children.map(elementData)];
  const choices = compounds?.flatMap((choice) => choice.name ?? []);
  return choices === undefined ? [name, min, max] : [name, min, max, choices];
}

/** As written: one structure a line, so that a new version shows as a readable difference. */
export function formatStructures({ grammars, versions, events }: StructuresData): string {
  const lines = (values: readonly unknown[]): string =>
    values.map((value) => JSON.stringify(value)).join(',\n');
  const each = Object.entries(versions).map(([name, map]) => `"${name}":${JSON.stringify(map)}`);
  return `{"grammars":[\n${lines(grammars)}\n],"versions":{\n${each.join(',\n')}\n},"events":${JSON.stringify(events)}}\n`;
}

if (import.meta.main) {
  const file = new URL('../src/hl7/structures.json', import.meta.url);
  writeFileSync(file, formatStructures(buildStructures()));
}
