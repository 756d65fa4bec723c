/** UUIDs that are derived, not drawn: the same text, the same id. */
import { hash } from 'node:crypto';

/** The UUID of `text`: the first 122 free bits of its SHA-256, marked as version 8 (RFC 9562 §5.8). */
export function uuidOf(text: string): string {
  const hex = hash('sha256', text, 'hex');
  const variant = '89ab'[Number.parseInt(hex[16]!, 16) & 3]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
