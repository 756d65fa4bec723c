/** Answers FHIR requests out of the records, whatever carries them here. */
import type { IncomingHttpHeaders } from 'node:http';
import { badRequest, getStatus, isOk, isResource, isResourceType, notFound } from '@medplum/core';
import { type FhirRequest, type FhirResponse, FhirRouter, type HttpMethod } from '@medplum/fhir-router';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { runBundle } from './bundles.ts';
import type { Records } from './records.ts';
import { SandboxRepository } from './repository.ts';

/** A request under the base URL. `url` is what follows it, with the query. */
export interface SandboxRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** `body` is absent where the client prefers so. `location` is relative to the base URL. */
export interface SandboxResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly location?: string;
  readonly body?: Resource;
}

/** What answers requests. A request that doesn't succeed has changed nothing, and its answer is an OperationOutcome. */
export function createResponder(records: Records): (request: SandboxRequest) => Promise<SandboxResponse> {
  const router = new FhirRouter();
  const repository = new SandboxRepository(records);

  const run = async ({ method, url, headers, body }: SandboxRequest): Promise<FhirResponse> => {
    const [type] = url.split(/[/?]/).filter((part) => part !== '');
    const isBundle = type === undefined && method === 'POST';
    if (!isBundle && !isResourceType(type ?? '')) return [notFound];
    if (method === 'PUT' || method === 'POST') {
      if (typeof body !== 'object' || body === null) return [badRequest('Expected a resource')];
    }
    const request: FhirRequest = {
      method: method as HttpMethod,
      url,
      pathname: '',
      params: {},
      query: {},
      headers,
      body,
    };
    if (!isBundle) return router.handleRequest(request, repository);
    if (!isResource<Bundle>(body, 'Bundle')) return [badRequest('Expected a Bundle')];
    return runBundle({ ...request, body }, router, repository, prefersMinimal(headers));
  };

  return async (request) => {
    const [outcome, resource] = await records.alone(
      () => run(request),
      ([result]) => isOk(result),
    );
    const status = getStatus(outcome);
    if (resource === undefined) return { status, headers: {}, body: outcome };
    const minimal = prefersMinimal(request.headers) && ['PUT', 'POST', 'PATCH'].includes(request.method);
    const body = minimal && resource.resourceType !== 'Bundle' ? {} : { body: resource };
    return { status, ...versionOf(resource, status), ...body };
  };
}

/** R4 http.html#versions: the version as ETag, the time as Last-Modified, and where a new resource is. */
function versionOf(
  { resourceType, id, meta }: Resource,
  status: number,
): Pick<SandboxResponse, 'headers' | 'location'> {
  if (meta?.versionId === undefined || meta.lastUpdated === undefined) return { headers: {} };
  const headers = {
    etag: `W/"${meta.versionId}"`,
    'last-modified': new Date(meta.lastUpdated).toUTCString(),
  };
  if (status !== 201) return { headers };
  return { headers, location: `${resourceType}/${id}/_history/${meta.versionId}` };
}

/** R4 http.html#ops: the client needs no copy of what it has just sent. */
function prefersMinimal({ prefer }: IncomingHttpHeaders): boolean {
  return prefer === 'return=minimal';
}
