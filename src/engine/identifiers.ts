/** UUIDs of things that the store numbers. */
import { createHash } from 'node:crypto';

/** A UUID of version 8 (RFC 9562 §5.8) for message `id` of `tenant`: the same every time it is asked. */
export function messageUuid(tenant: string, id: number | string): string {
  const hash = createHash('sha256').update(`pipehat|message|${tenant}|${id}`).digest().subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
