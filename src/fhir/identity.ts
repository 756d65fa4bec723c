/** Resource ids that come out the same wherever and whenever the same business identifier is seen. */
import { hash } from 'node:crypto';
import type { Identity } from '../event.ts';

/**
 * A UUID for `identity` of `tenant`: the first 122 free bits of a SHA-256, marked as version 8 (RFC 9562 §5.8).
 * The parts are separated by a character that none of them may hold, so that no two combinations read the same.
 */
export function stableId(tenant: string, resourceType: string, identity: Identity): string {
  const hex = hash('sha256', `${tenant}\0${resourceType}\0${identity.system}\0${identity.value}`, 'hex');
  const variant = '89ab'[Number.parseInt(hex[16]!, 16) & 3]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
