/** What the sandbox keeps, in memory: records with their versions, found by id and by identifier, with undo. */
import type { Filter, WithId } from '@medplum/core';
import type { Resource } from '@medplum/fhirtypes';
import { IdentifierIndex } from './identifiers.ts';

/** A resource as stored: with id, version and time. */
export type Stored = WithId<Resource>;

/** One record: its versions, the newest last. Never changed, only replaced. */
export interface SandboxRecord {
  readonly versions: readonly Stored[];
  readonly deleted: boolean;
}

/** All records. */
export class Records {
  readonly #types = new Map<string, Map<string, SandboxRecord>>();
  readonly #identifiers = new IdentifierIndex();
  /** Each undoes one step of the work under way. */
  #undo: (() => void)[] = [];
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs `work` alone: after all earlier work, before all later. Where it rejects, or its result didn't succeed, nothing
   * of what it wrote remains. All work is in memory, so waiting in line costs nothing.
   */
  alone<Result>(work: () => Promise<Result>, succeeded: (result: Result) => boolean): Promise<Result> {
    const run = this.#last.then(async () => {
      this.#undo = [];
      let done = false;
      try {
        const result = await work();
        done = succeeded(result);
        return result;
      } finally {
        if (!done) for (const undo of this.#undo.toReversed()) undo();
      }
    });
    const settled = () => undefined;
    this.#last = run.then(settled, settled); // Whoever called hears of the failure; the next in line need not.
    return run;
  }

  /** The types of which there are records, or were, by name. */
  types(): string[] {
    return [...this.#types.keys()].sort();
  }

  get(type: string, id: string): SandboxRecord | undefined {
    return this.#types.get(type)?.get(id);
  }

  /** The newest version of each record of `type` that is not deleted. */
  current(type: string): Stored[] {
    return [...(this.#types.get(type)?.values() ?? [])].filter(({ deleted }) => !deleted).map(newest);
  }

  /** Those of them that `filter` selects by identifier; `undefined` where the filter isn't of that kind. */
  identified(type: string, filter: Filter): Stored[] | undefined {
    const ids = this.#identifiers.find(type, filter);
    return ids && [...ids].flatMap((id) => this.get(type, id) ?? []).map(newest);
  }

  /** The only place where anything changes. `undefined` takes the record away with its history. */
  put(type: string, id: string, record: SandboxRecord | undefined): void {
    const records = this.#types.get(type) ?? new Map<string, SandboxRecord>();
    this.#types.set(type, records);
    const before = records.get(id);
    this.#undo.push(() => this.put(type, id, before));
    if (before && !before.deleted) this.#identifiers.remove(newest(before));
    if (record && !record.deleted) this.#identifiers.add(newest(record));
    if (record) records.set(id, record);
    else records.delete(id);
  }
}

/** The newest version of a record. */
export function newest({ versions }: SandboxRecord): Stored {
  return versions.at(-1) as Stored;
}
