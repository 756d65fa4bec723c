/**
 * Batches and transactions (R4 http.html#transaction). FhirRouter's own transactions take at most eight conditional
 * entries, and leave conditional references and roll-back to the server around them. So a transaction runs through the
 * router as a batch here, and what makes it a transaction is added: conditional references are resolved before,
 * one failing entry fails the whole, and whoever runs the request undoes what a failed one has written.
 */
import { badRequest, isOk, parseSearchRequest, preconditionFailed } from '@medplum/core';
import type { FhirRequest, FhirResponse, FhirRouter } from '@medplum/fhir-router';
import type { Bundle, BundleEntry, OperationOutcome, Reference } from '@medplum/fhirtypes';
import type { SandboxRepository } from './repository.ts';

/** Runs `request`, whose body is a Bundle. `minimal` leaves the resources out of the answer (`Prefer: return=minimal`). */
export async function runBundle(
  request: FhirRequest & { body: Bundle },
  router: FhirRouter,
  repository: SandboxRepository,
  minimal: boolean,
): Promise<FhirResponse> {
  const { type, entry: requested = [] }: Bundle = request.body;
  if (!Array.isArray(requested) || requested.some((entry) => !entry || typeof entry !== 'object')) {
    return [badRequest('Expected entries', 'Bundle.entry')];
  }
  if (type === 'transaction') {
    for (const reference of requested.flatMap(({ resource }) => conditionalReferences(resource))) {
      const matches = await repository.searchResources(parseSearchRequest(reference.reference));
      const [match] = matches;
      if (match === undefined || matches.length > 1) return [preconditionFailed];
      reference.reference = `${match.resourceType}/${match.id}`;
    }
  }
  const [outcome, response] = await router.handleRequest(request, repository);
  if (response?.resourceType !== 'Bundle') return [outcome];
  const answered = response.entry ?? [];
  if (type === 'transaction') {
    const failed = answered.map(outcomeOf).find((entryOutcome) => !isOk(entryOutcome));
    if (failed) return [failed];
    const written = placesWritten(requested, answered);
    if (new Set(written).size < written.length) return [badRequest('Two entries write the same resource')];
  }
  return [outcome, { ...response, entry: answered.map((entry) => tidy(entry, minimal)) }];
}

/** References such as `Patient?identifier=…`, at any depth. */
function conditionalReferences(part: unknown): (Reference & { reference: string })[] {
  if (typeof part !== 'object' || part === null) return [];
  const inner = Object.values(part).flatMap(conditionalReferences);
  const { reference } = part as Reference;
  if (typeof reference !== 'string' || !/^[A-Za-z]+\?/.test(reference)) return inner;
  return [part as Reference & { reference: string }, ...inner];
}

/** Where each writing entry wrote. A conditional create that met a record of before wrote nothing. */
function placesWritten(requested: readonly BundleEntry[], answered: readonly BundleEntry[]): string[] {
  const created = new Set(
    answered.filter(({ response }) => response?.status === '201').map(({ response }) => response?.location),
  );
  return answered.flatMap(({ response: { status, location } = {} }, n) => {
    const method = requested[n]?.request?.method;
    const met = method === 'POST' && status === '200' && !created.has(location);
    return location === undefined || method === 'GET' || met ? [] : [location];
  });
}

function outcomeOf({ response }: BundleEntry): OperationOutcome {
  return response?.outcome as OperationOutcome;
}

/** Adds version and time to an entry that the router answered (R4 bundle.html#transaction-response). */
function tidy({ resource, response }: BundleEntry, minimal: boolean): BundleEntry {
  const { versionId, lastUpdated } = resource?.meta ?? {};
  if (response === undefined || versionId === undefined)
    return { ...(resource && { resource }), ...(response && { response }) };
  const { status, location } = response;
  const versioned = {
    status,
    ...(location && { location: `${location}/_history/${versionId}` }),
    etag: `W/"${versionId}"`,
    ...(lastUpdated && { lastModified: lastUpdated }),
  };
  return minimal || resource === undefined ? { response: versioned } : { resource, response: versioned };
}
