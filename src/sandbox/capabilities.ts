/** What the sandbox says of itself under `/metadata` (R4 http.html#capabilities). */
import { getResourceTypes, globalSchema } from '@medplum/core';
import type { CapabilityStatement } from '@medplum/fhirtypes';

/** The CapabilityStatement. The definitions must be indexed; `url` is the base URL. */
export function capabilityStatement(url: string, started_at: string): CapabilityStatement {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: started_at,
    kind: 'instance',
    software: { name: 'Pipehat sandbox' },
    implementation: { description: 'FHIR server in memory, for trials', url },
    fhirVersion: '4.0.1',
    format: ['json'],
    patchFormat: ['application/json-patch+json'],
    rest: [
      {
        mode: 'server',
        resource: getResourceTypes().map((type) => ({
          type,
          interaction: [
            { code: 'read' },
            { code: 'vread' },
            { code: 'update' },
            { code: 'patch' },
            { code: 'delete' },
            { code: 'history-instance' },
            { code: 'create' },
            { code: 'search-type' },
          ],
          versioning: 'versioned-update',
          readHistory: true,
          updateCreate: false,
          conditionalCreate: true,
          conditionalUpdate: true,
          conditionalDelete: 'single',
          searchParam: Object.values(globalSchema.types[type]?.searchParams ?? {}).map(
            ({ code, type: kind }) => ({
              name: code,
              type: kind,
            }),
          ),
        })),
        interaction: [{ code: 'transaction' }, { code: 'batch' }],
      },
    ],
  };
}
