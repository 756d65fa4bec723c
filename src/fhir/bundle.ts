/**
 * Canonical events as FHIR writes, all by business identifier. What the event is about becomes a conditional update (R4
 * http.html#cond-update): it creates what isn't there and updates what is. What it only mentions becomes a conditional
 * create (R4 http.html#ccreate): it leaves alone what is there. Either way the same write twice leaves the same record.
 */
import type { Bundle, Identifier, Reference, Resource } from '@medplum/fhirtypes';
import type { CanonicalEvent, EventEntry, Identity } from '../event.ts';
import { WITHOUT_IDENTIFIER } from './identity.ts';
import { type OutcomeIssue, outcomeIssues } from './outcome.ts';

/**
 * A conditional update of `Type?identifier=system|value`, or a conditional create where `identifier=system|value` finds none; encoded. What has
 * no identifier is updated as `Type/id`, which also creates it (R4 http.html#upsert).
 */
export type WriteRequest =
  | { readonly method: 'PUT'; readonly url: string }
  | { readonly method: 'POST'; readonly url: string; readonly ifNoneExist: string };

/** One write. References point to other writes by `urn:uuid:…`. */
export interface Write {
  /** `urn:uuid:` and the entry's id: what references of other writes say. */
  readonly full_url: string;
  /** As in a Bundle (R4 bundle.html, Bundle.entry.request). */
  readonly request: WriteRequest;
  /** Without `id`: the server gives its own, except where the request names it. */
  readonly resource: Resource;
}

/**
 * The writes of `event`, each before those that refer to it: entries whose type is in `types`, or all.
 *
 * A reference to an entry that isn't written can't name a record of the server. To a Patient it becomes a conditional
 * reference (R4 http.html#trules), which fails if the patient isn't there: a result that hangs on nobody
 * is a hazard. To anything else it becomes a logical reference (R4 references.html#logical) by identifier, which every server takes.
 */
export function writesOf(event: Pick<CanonicalEvent, 'entries'>, types?: readonly string[]): Write[] {
  const isWritten = ({ resource }: EventEntry) => types?.includes(resource.resourceType) ?? true;
  const references = new Map(
    event.entries.map((entry) => [
      `${entry.resource.resourceType}/${entry.resource.id}`,
      isWritten(entry) ? { reference: fullUrl(entry) } : outsideReference(entry),
    ]),
  );
  const toServer = (reference: Reference): Reference => {
    const target = reference.reference === undefined ? undefined : references.get(reference.reference);
    if (target === undefined) return reference;
    const { reference: _local, ...rest } = reference;
    return { ...target, ...rest };
  };
  return event.entries.filter(isWritten).map((entry) => ({
    full_url: fullUrl(entry),
    request: requestOf(entry),
    resource: mapReferences(identified(entry), toServer),
  }));
}

/** The writes as one transaction (R4 http.html#transaction): all or nothing. The same event gives the same text. */
export function transactionBundle(writes: readonly Write[]): Bundle {
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: writes.map(({ full_url, request, resource }) => ({ fullUrl: full_url, resource, request })),
  };
}

/** What became of one entry of a transaction. */
export interface EntryAnswer {
  readonly status: number;
  readonly issues: readonly OutcomeIssue[];
}

/** What became of each entry, in order; `undefined` where the text is no transaction-response. */
export function readTransactionResponse(text: string): EntryAnswer[] | undefined {
  const bundle = readBundle(text);
  if (bundle?.type !== 'transaction-response' || bundle.entry === undefined) return undefined;
  return bundle.entry.map((entry) => ({
    // R4 bundle.html: "starts with a 3 digit HTTP code and may contain the standard HTTP description".
    status: Number.parseInt(String(entry?.response?.status), 10),
    issues: outcomeIssues(entry?.response?.outcome),
  }));
}

/** References to the records that a search found, such as `Patient/1`; `undefined` where the text is no searchset. */
export function readMatches(text: string): string[] | undefined {
  const bundle = readBundle(text);
  if (bundle?.type !== 'searchset') return undefined;
  return (bundle.entry ?? []).flatMap((entry) => {
    const isMatch = (entry?.search?.mode ?? 'match') === 'match' && entry?.resource?.id !== undefined;
    return isMatch ? [`${entry.resource?.resourceType}/${entry.resource?.id}`] : [];
  });
}

/** `Type?identifier=system|value`, escaped for search (R4 search.html#escaping) and for URLs. */
export function matchUrl(resourceType: string, identity: Identity): string {
  return `${resourceType}?${matchQuery(identity)}`;
}

function matchQuery({ system, value }: Identity): string {
  const escaped = [system, value].map((part) => part.replace(/[\\,$|]/g, '\\$&'));
  return `identifier=${encodeURIComponent(escaped.join('|'))}`;
}

/** `part`, in which each Reference, at any depth, is what `map` makes of it. Copies only what that changes; the rest is shared. */
export function mapReferences<Part extends object>(
  part: Part,
  map: (reference: Reference) => Reference,
): Part {
  const mapAll = (whole: unknown): unknown => {
    if (typeof whole !== 'object' || whole === null) return whole;
    if (Array.isArray(whole)) {
      const mapped = whole.map(mapAll);
      return mapped.every((one, n) => one === whole[n]) ? whole : mapped;
    }
    let made = whole as Record<string, unknown>;
    for (const name in whole) {
      const inner = made[name];
      if (typeof inner !== 'object') continue;
      const mapped = mapAll(inner);
      if (mapped === inner) continue;
      if (made === whole) made = { ...whole };
      made[name] = mapped;
    }
    return typeof made['reference'] === 'string' ? map(made) : made;
  };
  return mapAll(part) as Part;
}

/** The Bundle in `text`, of which only the outermost shape is sure. */
function readBundle(text: string): Bundle | undefined {
  let body: Bundle | null;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined; // What the server sent instead is kept with the attempt.
  }
  if (body?.resourceType !== 'Bundle') return undefined;
  return body.entry === undefined || Array.isArray(body.entry) ? body : undefined;
}

function requestOf({ resource: { resourceType, id }, identity, context }: EventEntry): WriteRequest {
  if (WITHOUT_IDENTIFIER.has(resourceType)) return { method: 'PUT', url: `${resourceType}/${id}` };
  return context
    ? { method: 'POST', url: resourceType, ifNoneExist: matchQuery(identity) }
    : { method: 'PUT', url: matchUrl(resourceType, identity) };
}

function fullUrl({ resource }: EventEntry): string {
  return `urn:uuid:${resource.id}`;
}

function outsideReference({ resource: { resourceType }, identity }: EventEntry): Reference {
  if (resourceType === 'Patient') return { reference: matchUrl(resourceType, identity) };
  return { type: resourceType, identifier: { system: identity.system, value: identity.value } };
}

/** The resource without its id, and with the identifier that it is found by: without that, each write would create one more. */
function identified({ resource: whole, identity }: EventEntry): Resource {
  if (WITHOUT_IDENTIFIER.has(whole.resourceType)) return whole;
  const { id: _id, ...resource } = whole;
  const { identifier: given = [] } = resource as { identifier?: Identifier | Identifier[] };
  const identifiers = Array.isArray(given) ? given : [given];
  const carries = identifiers.some(
    ({ system, value }) => system === identity.system && value === identity.value,
  );
  if (carries) return resource as Resource;
  const { identifier: _given, ...rest } = resource as Resource & { identifier?: unknown };
  return {
    ...rest,
    identifier: [...identifiers, { system: identity.system, value: identity.value }],
  } as Resource;
}
