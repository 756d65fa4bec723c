/** One run of a mapping over one message: what all of its maps share, and what it has made so far. */
import type { EventEntry, Identity } from '../event.ts';
import { stableId } from '../fhir/identity.ts';
import type { Message } from '../hl7/message.ts';
import { parts } from '../hl7/parts.ts';
import type { MappingContext, Warning } from './mapping.ts';

/** A resource while it is being filled. */
export type Draft = Record<string, unknown> & { readonly resourceType: string; readonly id: string };

/** What the event says of a resource: it is about it, or it only mentions it ({@link EventEntry.context}). */
export type Standing = 'asserted' | 'context';

interface Made {
  readonly draft: Draft;
  readonly identity: Identity;
  standing: Standing;
  removed: readonly string[];
}

/** What one run gathers: entries, each before the ones that refer to it, and warnings. */
export class Run {
  readonly message: Message;
  readonly context: MappingContext;
  readonly warnings: Warning[] = [];
  /** Dates already converted: the same few times stand in many fields of a message. */
  readonly times = new Map<string, string>();
  /** A time came without an offset and took that of the context's zone. */
  zoneTaken = false;
  /** May there be a `""` anywhere? Most messages have none, and need not look further. */
  readonly hasNulls: boolean;
  /** What the meaning of a code may depend on beside the code: who sends it, with which delimiters and characters. */
  readonly sender: string;
  /** Positions of the segments that a map has seen, or that were joined to such a one. */
  readonly visited = new Set<number>();
  /** Resources by id. */
  readonly #made = new Map<string, Made>();
  readonly #numbers = new Map<string, number>();
  #raw = '';
  #components: readonly string[] = [];

  constructor(message: Message, context: MappingContext) {
    this.message = message;
    this.context = context;
    const header = message.first('MSH');
    this.sender = [1, 2, 3, 4, 18].map((field) => header?.field(field) ?? '').join('\n');
    this.hasNulls = message.text.includes('""');
  }

  /** The components of a piece. The rules of a data type ask one after another for those of the same. */
  components(raw: string): readonly string[] {
    if (raw !== this.#raw) {
      this.#raw = raw;
      this.#components = parts(raw, this.message.delimiters.component);
    }
    return this.#components;
  }

  /** The id of a resource. */
  id(resourceType: string, identity: Identity): string {
    return stableId(this.context.tenant, resourceType, identity);
  }

  /** The identity itself the first time, then numbered `#2`, `#3` … within this message. */
  numbered(resourceType: string, identity: Identity): Identity {
    const key = `${resourceType}\0${identity.system}\0${identity.value}`;
    const number = (this.#numbers.get(key) ?? 0) + 1;
    this.#numbers.set(key, number);
    return number === 1 ? identity : { system: identity.system, value: `${identity.value}#${number}` };
  }

  /**
   * Adds a resource. One that is there already is filled up where it has nothing yet; what the event is about comes
   * before what is only mentioned.
   */
  add(draft: Draft, identity: Identity, standing: Standing, removed: readonly string[]): void {
    const known = this.#made.get(draft.id);
    if (known === undefined) {
      this.#made.set(draft.id, { draft, identity, standing, removed });
      return;
    }
    if (removed.length > 0) known.removed = [...new Set([...known.removed, ...removed])];
    if (standing === 'asserted' && known.standing === 'context') {
      Object.assign(known.draft, draft);
      known.standing = standing;
      return;
    }
    for (const name in draft) known.draft[name] ??= draft[name];
  }

  /** Adds to a resource that is there already, where it has nothing yet. False where it isn't there. */
  addTo(draft: Draft): boolean {
    const known = this.#made.get(draft.id)?.draft;
    if (known === undefined) return false;
    for (const name in draft) known[name] ??= draft[name];
    return true;
  }

  /** What was added, in that order. */
  entries(): EventEntry[] {
    return [...this.#made.values()].map(({ draft, identity, standing, removed }) => {
      const left = standing === 'context' ? NONE : removed.filter((name) => !holds(draft, name));
      return {
        resource: draft as unknown as EventEntry['resource'],
        identity,
        ...(standing === 'context' && { context: true }),
        ...(left.length > 0 && { removed: left }),
      };
    });
  }

  warn(path: string, says: string): void {
    this.warnings.push({ path, says });
  }
}

const NONE: readonly string[] = [];

/** Has the resource an element of that name, or one that a choice such as `deceased[x]` stands for? */
function holds(draft: Draft, name: string): boolean {
  if (!name.endsWith('[x]')) return draft[name] !== undefined;
  return Object.keys(draft).some((key) => key.startsWith(name.slice(0, -3)));
}
