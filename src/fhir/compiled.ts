/**
 * A check, compiled from the FHIR definitions, that says of nearly every valid resource that it is valid, in microseconds. It never says so
 * of one in which Medplum's `validateResource` finds anything; where it is not sure it says no, and `validate.ts` asks that one.
 */
import type { Definitions, ElementDefinition, TypeDefinition } from './definitions.ts';
import { type Invariant, invariants } from './invariants.ts';
import { type Check, primitiveCheck } from './primitives.ts';

type Parts = Readonly<Record<string, unknown>>;

/** One element of a type, ready to check. */
interface ElementCheck {
  readonly many: boolean;
  readonly check: Check;
  /** The choice that it is of, by number; -1 for none. Two of one choice exclude each other. */
  readonly choice: number;
  /** A bit of its own where it is required, else 0. */
  readonly required: number;
}

const NEVER: Check = () => false;

/** Compiles the check: is this surely a valid resource? Types are compiled when first met. */
export function compileCheck(definitions: Definitions): Check {
  const compiled = new Map<string, Check>();
  const checkOf = (name: string): Check => {
    const known = compiled.get(name);
    if (known !== undefined) return known;
    const type = definitions.type(name);
    // A type may hold itself: whoever meets it again meanwhile asks when it runs.
    compiled.set(name, (value) => compiled.get(name)!(value));
    const check = type === undefined ? (primitiveCheck(name) ?? NEVER) : typeCheck(type, checkOf);
    compiled.set(name, check);
    return check;
  };
  const resources = new Set(definitions.resources);
  const resourceCheck: Check = (value) => {
    const { resourceType } = (value ?? {}) as { resourceType?: unknown };
    return typeof resourceType === 'string' && resources.has(resourceType) && checkOf(resourceType)(value);
  };
  compiled.set('Resource', resourceCheck);
  return resourceCheck;
}

function typeCheck(type: TypeDefinition, checkOf: (name: string) => Check): Check {
  const { elements, required } = elementChecks(type, checkOf);
  const holds = type.kind === 'resource' ? invariantsOf(type.invariants) : [];
  const isExtension = type.name === 'Extension';
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const parts = value as Parts;
    let found = 0;
    let chosen = 0;
    let any = false;
    for (const name in parts) {
      const inner = parts[name];
      if (inner === undefined) continue;
      const element = elements.get(name);
      if (element === undefined) {
        if (name === 'resourceType' && type.kind === 'resource') continue;
        return false;
      }
      if (element.many ? !all(inner, element.check) : !element.check(inner)) return false;
      if (element.choice >= 0) {
        const bit = 1 << element.choice;
        if ((chosen & bit) !== 0) return false;
        chosen |= bit;
      }
      found |= element.required;
      any = true;
    }
    if (!any || (found & required) !== required) return false;
    // ext-1: an extension has a value or further extensions, never both.
    if (isExtension && (chosen !== 0) === (parts['extension'] !== undefined)) return false;
    return allHold(holds, parts);
  };
}

function all(value: unknown, check: Check): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  for (const one of value) if (!check(one)) return false;
  return true;
}

function allHold(holds: readonly Invariant[], parts: Parts): boolean {
  for (const invariant of holds) if (!invariant(parts)) return false;
  return true;
}

/** Elements as they stand in JSON. What needs a look at the whole (contained resources) or at text (narrative) is left out: not sure. */
function elementChecks(
  type: TypeDefinition,
  checkOf: (name: string) => Check,
): { elements: ReadonlyMap<string, ElementCheck>; required: number } {
  const choices = [...type.choices.keys()];
  let required = 0;
  const bits = new Map(type.required.map((name, index) => [name, 1 << index]));
  for (const bit of bits.values()) required |= bit;
  const elements = new Map<string, ElementCheck>();
  for (const element of type.elements.values()) {
    if (element.name === 'contained' || type.required.length > 30) continue;
    elements.set(element.name, {
      many: element.many,
      check: elementCheck(element, checkOf),
      choice: element.choice === undefined ? -1 : choices.indexOf(element.choice),
      required: bits.get(element.choice ?? element.name) ?? 0,
    });
  }
  return { elements, required };
}

function elementCheck(element: ElementDefinition, checkOf: (name: string) => Check): Check {
  const check = element.type === 'Reference' ? referenceCheck(element, checkOf) : checkOf(element.type);
  const holds = invariantsOf(element.invariants ?? []);
  if (holds.length === 0) return check;
  return (value) => check(value) && allHold(holds, value as Parts);
}

/** References within the same record name their type; all others are for the validator. */
function referenceCheck({ targets }: ElementDefinition, checkOf: (name: string) => Check): Check {
  const check = checkOf('Reference');
  if (targets === undefined) return check;
  const allowed = new Set(targets);
  return (value) => {
    if (!check(value)) return false;
    const { reference } = value as { reference?: string };
    return reference === undefined || allowed.has(reference.split(/[/?]/, 1)[0]!);
  };
}

function invariantsOf(keys: readonly string[]): Invariant[] {
  return keys.map((key) => invariants[key] ?? (() => false));
}
