/** Resource ids that come out the same wherever and whenever the same business identifier is seen. */
import type { Identity } from '../event.ts';
import { uuidOf } from '../uuid.ts';

/**
 * A UUID for `identity` of `tenant`. The parts are separated by a character that none of them may hold, so that no two
 * combinations read the same.
 */
export function stableId(tenant: string, resourceType: string, identity: Identity): string {
  return uuidOf(`${tenant}\0${resourceType}\0${identity.system}\0${identity.value}`);
}

/** R4 types that mappings make and that have no `identifier`: a server knows them by their id alone. */
export const WITHOUT_IDENTIFIER: ReadonlySet<string> = new Set(['Binary', 'MessageHeader', 'Provenance']);
