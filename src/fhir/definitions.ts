/**
 * What FHIR R4 says about its types: which elements they have, how many, of which type, with which codes.
 * The data is `definitions/r4.json`, made by `scripts/definitions.ts`.
 */
import { readFileSync } from 'node:fs';

/** One element as the data has it. Absent: `min` 0, `max` 1. */
export interface ElementData {
  min?: number;
  max?: '*';
  /** Types it may have; inner elements are named by their path, such as `Patient.contact`. */
  types: string[];
  /** Resource types that a reference here may point at; absent where any may be. */
  targets?: string[];
  /** Key of `codes`: the only codes allowed here. */
  codes?: string;
  /** Keys of the invariants that hold here, such as `pat-1`. */
  invariants?: string[];
}

/** One type as the data has it. `backbone`: the inner elements of another. */
export interface TypeData {
  kind: 'resource' | 'type' | 'backbone';
  elements: Record<string, ElementData>;
  /** Keys of the invariants of the type itself, such as `obs-6`. */
  invariants?: string[];
}

/** The whole data file. */
export interface DefinitionsData {
  types: Record<string, TypeData>;
  /** Codes of value sets with a required binding, by canonical URL. */
  codes: Record<string, string[]>;
}

/** One element, ready to use. */
export interface ElementDefinition {
  /** As it stands in JSON: `valueQuantity`, not `value[x]`. */
  readonly name: string;
  readonly min: number;
  readonly many: boolean;
  readonly type: string;
  /** `value[x]` when this is one of the elements it stands for. */
  readonly choice?: string;
  readonly targets?: readonly string[];
  readonly codes?: readonly string[];
  /** Keys of the invariants that hold here, such as `pat-1`; absent where there are none. */
  readonly invariants?: readonly string[];
}

/** Look-ups in the FHIR definitions. */
export interface Definitions {
  /** The resource types. */
  readonly resources: readonly string[];
  /** A type with elements; undefined for primitives and for names that don't exist. */
  type(name: string): TypeDefinition | undefined;
}

/** A type with elements. */
export interface TypeDefinition {
  readonly name: string;
  readonly kind: TypeData['kind'];
  /** By name; each `value[x]` stands here once per type that it may have. */
  readonly elements: ReadonlyMap<string, ElementDefinition>;
  /** `value[x]` → what it may be. */
  readonly choices: ReadonlyMap<string, readonly ElementDefinition[]>;
  /** Elements that must be there; a required `value[x]` by that name. */
  readonly required: readonly string[];
  /** Keys of the invariants of the type itself, such as `obs-6`. */
  readonly invariants: readonly string[];
}

/** Reads the shipped R4 data: half a megabyte, a few milliseconds. */
export function readDefinitions(): Definitions {
  const text = readFileSync(new URL('./definitions/r4.json', import.meta.url), 'utf8');
  return createDefinitions(JSON.parse(text) as DefinitionsData);
}

/** Look-ups over `data`. Types are worked out when first asked for. */
export function createDefinitions(data: DefinitionsData): Definitions {
  const known = new Map<string, TypeDefinition>();
  return {
    resources: Object.keys(data.types).filter((name) => data.types[name]?.kind === 'resource'),
    type(name) {
      const found = known.get(name);
      if (found !== undefined) return found;
      const type = Object.hasOwn(data.types, name) ? data.types[name] : undefined;
      if (type === undefined) return undefined;
      const made = typeDefinition(name, type, data.codes);
      known.set(name, made);
      return made;
    },
  };
}

function typeDefinition(name: string, type: TypeData, codes: DefinitionsData['codes']): TypeDefinition {
  const elements = new Map<string, ElementDefinition>();
  const choices = new Map<string, readonly ElementDefinition[]>();
  for (const [key, element] of Object.entries(type.elements)) {
    const made = element.types.map((elementType) => elementDefinition(key, elementType, element, codes));
    for (const one of made) elements.set(one.name, one);
    if (key.endsWith('[x]')) choices.set(key, made);
  }
  const required = Object.keys(type.elements).filter((key) => (type.elements[key]?.min ?? 0) > 0);
  return { name, kind: type.kind, elements, choices, required, invariants: type.invariants ?? [] };
}

function elementDefinition(
  key: string,
  type: string,
  element: ElementData,
  codes: DefinitionsData['codes'],
): ElementDefinition {
  const choice = key.endsWith('[x]');
  const values = element.codes === undefined ? undefined : codes[element.codes];
  return {
    name: choice ? key.slice(0, -3) + type.charAt(0).toUpperCase() + type.slice(1) : key,
    min: element.min ?? 0,
    many: element.max === '*',
    type,
    ...(choice && { choice: key }),
    ...(element.targets !== undefined && { targets: element.targets }),
    ...(values !== undefined && { codes: values }),
    ...(element.invariants !== undefined && { invariants: element.invariants }),
  };
}
