/** The two ways to bring writes to a FHIR server. Each rejects with a PipehatError unless the server took all of them. */
import type { Resource } from '@medplum/fhirtypes';
import { PipehatError } from '../errors.ts';
import {
  mapReferences,
  readMatches,
  readTransactionResponse,
  transactionBundle,
  type Write,
  type WriteRequest,
} from '../fhir/bundle.ts';
import type { FhirResponse } from '../fhir/client.ts';
import { refusal } from '../fhir/outcome-refusal.ts';
import type { Send } from './fhir-exchange.ts';

/** All in one transaction: the server does all of it or nothing. */
export async function writeTogether(writes: readonly Write[], send: Send): Promise<void> {
  const body = JSON.stringify(transactionBundle(writes));
  const types = [...new Set(writes.map(({ resource }) => resource.resourceType))];
  const headers = { prefer: 'return=minimal' };
  const answer = await send({ method: 'POST', path: '', body, headers }, types);
  const entries = readTransactionResponse(answer.body);
  if (entries?.length !== writes.length) throw unreadable(answer, 'transaction-response');
  for (const [n, { status, issues }] of entries.entries()) {
    const error = refusal(status, issues, [writes[n]?.resource.resourceType ?? '']);
    if (error) throw error;
  }
}

/** One after another, each with the ids that the server gave to those before it. What fails leaves those before it written. */
export async function writeSingly(writes: readonly Write[], send: Send): Promise<void> {
  const records = new Map<string, string>();
  for (const { full_url, request, resource } of writes) {
    const conditional = conditionalReferences(resource).filter((reference) => !records.has(reference));
    for (const reference of conditional) records.set(reference, await lookUp(reference, send));
    const body = JSON.stringify(
      mapReferences(resource, (reference) => {
        const record = records.get(reference.reference ?? '');
        return record === undefined ? reference : { ...reference, reference: record };
      }),
    );
    records.set(full_url, await write(request, resource.resourceType, body, send));
  }
}

/** Writes one resource, and resolves to its record. */
async function write(request: WriteRequest, type: string, body: string, send: Send): Promise<string> {
  const { method, url } = request;
  const condition = method === 'POST' ? { 'if-none-exist': request.ifNoneExist } : {};
  const headers = { prefer: 'return=representation', ...condition };
  const answer = await send({ method, path: url, body, headers }, [type]);
  const record = writtenRecord(answer, type);
  if (record !== undefined) return record;
  // A conditional create that met the record need not say which (R4 http.html#ccreate).
  if (method === 'POST' && answer.status === 200) return lookUp(`${type}?${request.ifNoneExist}`, send);
  // Nor need a server that was asked for no resource.
  if (method === 'PUT' && answer.body === '') return lookUp(url, send);
  throw unreadable(answer, `${type} or Location`);
}

/** The one record that `Type?identifier=…` finds. Conditional references work in transactions only (R4 http.html#trules). */
async function lookUp(reference: string, send: Send): Promise<string> {
  const type = reference.slice(0, reference.indexOf('?'));
  const answer = await send({ method: 'GET', path: `${reference}&_elements=id` }, [type]);
  const matches = readMatches(answer.body);
  if (matches === undefined) throw unreadable(answer, 'searchset');
  const [match] = matches;
  if (match === undefined || matches.length > 1) {
    throw new PipehatError('fhir-no-single-match', {
      resource_types: type,
      issues: `${matches.length} matches`,
    });
  }
  return match;
}

function conditionalReferences(resource: Resource): string[] {
  const found: string[] = [];
  mapReferences(resource, (reference) => {
    if (reference.reference?.includes('?')) found.push(reference.reference);
    return reference;
  });
  return found;
}

/** The record that a write made or met, such as `Patient/1`, where the answer tells: by the resource sent back, else by header (R4 http.html#create). */
function writtenRecord(answer: FhirResponse, type: string): string | undefined {
  const { location, 'content-location': contentLocation } = answer.headers;
  const place = [location, contentLocation].flat().find((header) => header?.includes(`${type}/`));
  const id = resourceId(answer.body, type) ?? place?.match(new RegExp(`${type}/([A-Za-z0-9.-]{1,64})`))?.[1];
  return id === undefined ? undefined : `${type}/${id}`;
}

function resourceId(text: string, type: string): string | undefined {
  try {
    const body: Partial<Resource> | null = JSON.parse(text);
    return body?.resourceType === type ? body.id : undefined;
  } catch {
    return undefined; // An answer without a body, for instance: Location tells as well.
  }
}

function unreadable({ status }: FhirResponse, expected: string): PipehatError {
  return new PipehatError('fhir-unreadable-answer', { status, expected });
}
