/** Tokens of the HTTP API: 256 random bits behind a prefix that scanners for leaked secrets can find. */
import { hash, randomBytes } from 'node:crypto';

/** A new token. */
export function newToken(): string {
  return `pipehat_${randomBytes(32).toString('base64url')}`;
}

/** What is kept of a token, and what it is found by. */
export function tokenHash(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
