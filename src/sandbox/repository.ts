/**
 * The records of the sandbox, in memory. `@medplum/fhir-router` brings a MemoryRepository, but that one can't undo,
 * numbers no versions, checks nothing, and scans all records for each conditional update. This one does these four.
 */
import { randomUUID } from 'node:crypto';
import {
  applyPatch,
  badRequest,
  deepClone,
  evalFhirPath,
  fhirpathPatchTypedValue,
  getSearchParameter,
  gone,
  matchesSearchRequest,
  notFound,
  type Operation,
  OperationOutcomeError,
  Operator,
  parseFhirPathPatchParameters,
  preconditionFailed,
  type SearchRequest,
  type SortRule,
  toTypedValue,
  validateResource,
  type WithId,
} from '@medplum/core';
import {
  type CreateResourceOptions,
  FhirRepository,
  getExtraEntries,
  type ReadHistoryOptions,
  type UpdateResourceOptions,
} from '@medplum/fhir-router';
import type { Bundle, BundleEntry, Parameters, Reference, Resource } from '@medplum/fhirtypes';
import { newest, type Records, type SandboxRecord, type Stored } from './records.ts';

/** Older versions of a record are forgotten, so that a location that every message mentions doesn't fill the memory. */
const VERSIONS_KEPT = 20;
/** Matches in one answer to a search without `_count`; `total` tells of the rest. */
const DEFAULT_COUNT = 1000;

/** What FhirRouter works on. Its callers run each request alone: see {@link Records.alone}. */
export class SandboxRepository extends FhirRepository {
  readonly #records: Records;

  constructor(records: Records) {
    super();
    this.#records = records;
  }

  override setMode(): void {}

  override generateId(): string {
    return randomUUID();
  }

  override async createResource<T extends Resource>(
    resource: T,
    options?: CreateResourceOptions,
  ): Promise<WithId<T>> {
    // R4 http.html#create: an id in the body is ignored, unless the router itself has put it there.
    const id = options?.assignedId && resource.id ? resource.id : this.generateId();
    return this.#store(resource, id, undefined);
  }

  override async updateResource<T extends Resource>(
    resource: T,
    options?: UpdateResourceOptions,
  ): Promise<WithId<T>> {
    if (resource.id === undefined) throw new OperationOutcomeError(badRequest('Missing id'));
    const entry = this.#existing(resource.resourceType, resource.id, options?.ifMatch);
    return this.#store(resource, resource.id, entry);
  }

  override async patchResource<T extends Resource>(
    resourceType: T['resourceType'],
    id: string,
    patch: Operation[] | Parameters,
    options?: UpdateResourceOptions,
  ): Promise<WithId<T>> {
    const resource = deepClone(newest(this.#existing(resourceType, id)));
    if (Array.isArray(patch)) {
      const [error] = applyPatch(resource, patch).filter((result) => result !== null);
      if (error) throw new OperationOutcomeError(badRequest(error.message));
    } else {
      fhirpathPatchTypedValue(toTypedValue(resource), parseFhirPathPatchParameters(patch));
    }
    return this.updateResource(resource as T & WithId<Resource>, options);
  }

  override async deleteResource(type: string, id: string, options?: UpdateResourceOptions): Promise<void> {
    this.#records.put(type, id, { ...this.#existing(type, id, options?.ifMatch), deleted: true });
  }

  override async readResource<T extends Resource>(type: string, id: string): Promise<WithId<T>> {
    return newest(this.#existing(type, id)) as WithId<T>;
  }

  override async readReference<T extends Resource>({ reference }: Reference<T>): Promise<WithId<T>> {
    const [type, id, ...rest] = reference?.split('/') ?? [];
    if (!type || !id || rest.length > 0) throw new OperationOutcomeError(badRequest('Not a local reference'));
    return this.readResource(type, id);
  }

  override async readReferences<T extends Resource>(
    references: readonly Reference<T>[],
  ): Promise<(T | Error)[]> {
    return Promise.all(
      references.map((reference) => this.readReference(reference).catch((error: Error) => error)),
    );
  }

  override async readHistory<T extends Resource>(
    type: string,
    id: string,
    { offset = 0, limit = VERSIONS_KEPT }: ReadHistoryOptions = {},
  ): Promise<Bundle<WithId<T>>> {
    const { versions } = this.#known(type, id);
    const entry = versions
      .toReversed()
      .slice(offset, offset + limit)
      .map((resource) => ({ resource: resource as WithId<T> }));
    return { resourceType: 'Bundle', type: 'history', total: versions.length, entry };
  }

  override async readVersion<T extends Resource>(type: string, id: string, vid: string): Promise<WithId<T>> {
    const version = this.#known(type, id).versions.find(({ meta }) => meta?.versionId === vid);
    if (version === undefined) throw new OperationOutcomeError(notFound);
    return version as WithId<T>;
  }

  override async search<T extends Resource>(request: SearchRequest<T>): Promise<Bundle<WithId<T>>> {
    const matches = this.#matches(request) as WithId<T>[];
    for (const rule of request.sortRules?.toReversed() ?? []) sort(matches, rule);
    const offset = request.offset ?? 0;
    const page = matches.slice(offset, offset + (request.count ?? DEFAULT_COUNT));
    const entry: BundleEntry[] = page.map((resource) => ({ resource, search: { mode: 'match' } }));
    if (request.include || request.revInclude) await getExtraEntries(this, request, page, entry);
    const bundle: Bundle = { resourceType: 'Bundle', type: 'searchset', total: matches.length, entry };
    return bundle as Bundle<WithId<T>>;
  }

  override async searchByReference<T extends Resource>(
    request: SearchRequest<T>,
    code: string,
    references: string[],
  ): Promise<Record<string, WithId<T>[]>> {
    const found = references.map(async (value): Promise<[string, WithId<T>[]]> => {
      const filters = [...(request.filters ?? []), { code, operator: Operator.EQUALS, value }];
      return [value, await this.searchResources<T>({ ...request, filters })];
    });
    return Object.fromEntries(await Promise.all(found));
  }

  override async withTransaction<Result>(work: (repository: this) => Promise<Result>): Promise<Result> {
    return work(this);
  }

  #matches(request: SearchRequest): Stored[] {
    const { resourceType: type, filters = [] } = request;
    // To Medplum an unknown parameter matches nothing. Then a misspelt conditional update would create one more each time.
    const unknown = filters.find(({ code }) => getSearchParameter(type, code) === undefined);
    if (unknown)
      throw new OperationOutcomeError(badRequest(`Search parameter ${unknown.code} is not supported`));
    const [byIdentifier] = filters.flatMap((filter) => {
      const found = this.#records.identified(type, filter);
      return found === undefined ? [] : [{ filter, found }];
    });
    const rest = { ...request, filters: filters.filter((filter) => filter !== byIdentifier?.filter) };
    const candidates = byIdentifier?.found ?? this.#records.current(type);
    return candidates.filter((resource) => matchesSearchRequest(resource, rest));
  }

  #known(type: string, id: string): SandboxRecord {
    const record = this.#records.get(type, id);
    if (record === undefined) throw new OperationOutcomeError(notFound);
    return record;
  }

  #existing(type: string, id: string, ifMatch?: string): SandboxRecord {
    const record = this.#known(type, id);
    if (record.deleted) throw new OperationOutcomeError(gone);
    if (ifMatch !== undefined && newest(record).meta?.versionId !== ifMatch) {
      throw new OperationOutcomeError(preconditionFailed);
    }
    return record;
  }

  #store<T extends Resource>(resource: T, id: string, before: SandboxRecord | undefined): WithId<T> {
    const versionId = String(before === undefined ? 1 : Number(newest(before).meta?.versionId) + 1);
    const lastUpdated = new Date().toISOString();
    const stored = { ...resource, id, meta: { ...resource.meta, versionId, lastUpdated } } as WithId<T>;
    validateResource(stored);
    const versions = [...(before?.versions.slice(1 - VERSIONS_KEPT) ?? []), stored as Stored];
    this.#records.put(resource.resourceType, id, { versions, deleted: false });
    return stored;
  }
}

/** Sorts in place by the text of the parameter's values. */
function sort(resources: Resource[], { code, descending }: SortRule): void {
  const textOf = (resource: Resource) => {
    const expression = getSearchParameter(resource.resourceType, code)?.expression;
    return expression ? JSON.stringify(evalFhirPath(expression, resource)) : '';
  };
  resources.sort((a, b) => textOf(a).localeCompare(textOf(b)) * (descending ? -1 : 1));
}
