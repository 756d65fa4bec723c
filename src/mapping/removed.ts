/** HL7's null, `""`: which elements of a resource the sender asks to delete (HL7 v2.5.1 §2.5.3.2). */
import { PATH_PATTERN, type Path, parsePath } from '../hl7/path.ts';
import type { Here } from './here.ts';

/** A top-level element, and the places that it is read from. */
export interface ElementSource {
  /** `birthDate`, `deceased[x]`. */
  readonly name: string;
  readonly paths: readonly Path[];
}

const WHOLE_PATH = new RegExp(`^${PATH_PATTERN}$`);

/** The places that the rules of a resource read with `from`, element by element. Parts of a data type are none. */
export function elementSources(rules: Readonly<Record<string, unknown>>): ElementSource[] {
  const found = new Map<string, Path[]>();
  for (const [target, rule] of Object.entries(rules)) {
    const name = target.split('.')[0]!;
    found.set(name, [...(found.get(name) ?? []), ...pathsIn(rule)]);
  }
  return [...found].flatMap(([name, paths]) => (paths.length === 0 ? [] : [{ name, paths }]));
}

function pathsIn(rule: unknown): Path[] {
  if (typeof rule !== 'object' || rule === null) return [];
  // What is read from each of several segments is not deleted by one of them.
  if ('each' in rule) return [];
  return Object.entries(rule).flatMap(([key, inner]) => {
    if (key !== 'from') return pathsIn(inner);
    return typeof inner === 'string' && WHOLE_PATH.test(inner) ? [parsePath(inner)] : [];
  });
}

/** The elements that are still empty, and for one of whose places the message says `""`. */
export function removedFrom(
  sources: readonly ElementSource[],
  here: Here,
  draft: Readonly<Record<string, unknown>>,
): string[] {
  return sources
    .filter(({ name, paths }) => draft[name] === undefined && paths.some((path) => here.isNull(path)))
    .map(({ name }) => name);
}
