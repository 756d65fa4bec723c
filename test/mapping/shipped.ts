/** The mappings that Pipehat ships, compiled once for all tests. */
import { type Definitions, readDefinitions } from '../../src/fhir/definitions.ts';
import { compileMappings } from '../../src/mapping/compile.ts';
import { readMappingFiles } from '../../src/mapping/load.ts';
import type { Mapping } from '../../src/mapping/mapping.ts';

/** The repository, which is a site's folder too. */
export const SITE = new URL('../../', import.meta.url).pathname;

let definitions: Definitions | undefined;
let compiled: ReturnType<typeof compileMappings> | undefined;

/** The FHIR definitions. */
export function shippedDefinitions(): Definitions {
  definitions ??= readDefinitions();
  return definitions;
}

/** All shipped mappings and what is wrong with them. */
export function shippedMappings(): ReturnType<typeof compileMappings> {
  compiled ??= compileMappings(readMappingFiles(SITE), shippedDefinitions());
  return compiled;
}

/** `mappings/v2-to-fhir`. */
export function shippedMapping(): Mapping {
  return shippedMappings().mappings.get('v2-to-fhir')!;
}

/** All `reference` values in a resource. */
export function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'reference' && typeof inner === 'string' ? [inner] : references(inner),
  );
}
