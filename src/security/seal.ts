/**
 * Sealing: AES-256-GCM over everything that may hold PHI, before it reaches the store.
 *
 * A sealed payload is `format (1) | data key id (4, big endian) | nonce (12) | ciphertext | tag (16)`. The purpose
 * and the tenant are authenticated with it, so that a sealed answer can't be passed off as a message.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib';
import { PipehatError } from '../errors.ts';

/** What a payload is; a chunk of an attachment names its place too. Authenticated, not encrypted. */
export type Purpose = 'message' | 'event' | 'delivery' | 'attempt' | `attachment ${string}`;

/** An opened data key: 32 bytes that encrypt one tenant's payloads for a while. */
export interface DataKey {
  readonly id: number;
  readonly tenant: string;
  readonly key: Buffer;
}

const PLAIN = 1;
const DEFLATED = 2;
const HEADER_BYTES = 17;
const TAG_BYTES = 16;

/** Below this, deflating costs more than the disk it saves (33 µs for 4 kB of FHIR JSON, which shrinks to a fifth). */
const DEFLATE_FROM_BYTES = 1024;

/** Content that shrinks to no less than this share is sealed as it is. */
const WORTH_DEFLATING = 0.7;

/** Bytes of a nonce. */
export const NONCE_BYTES = 12;

/** From this size on, deflating runs beside the event loop: a report of 12 kB would hold it up for 100 µs. */
const DEFLATE_ASIDE_FROM_BYTES = 4096;

const deflateAside = promisify(deflateRaw);

/**
 * Does content like this sample shrink? A PDF in base64 shrinks to three quarters, by its alphabet alone: that is not
 * worth the time that 50 MB of it take.
 */
export async function shrinks(sample: Uint8Array): Promise<boolean> {
  return (await deflate(sample)).length < sample.length * WORTH_DEFLATING;
}

/**
 * Seals `content` under `dataKey`. `nonce`: {@link NONCE_BYTES} random bytes that this key has never seen. All but
 * the small is deflated, unless it is known that it does not shrink.
 */
export async function seal(
  dataKey: DataKey,
  purpose: Purpose,
  content: Uint8Array,
  nonce: Buffer,
  shrinkable = true,
): Promise<Buffer> {
  const deflated = shrinkable && content.length >= DEFLATE_FROM_BYTES;
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header[0] = deflated ? DEFLATED : PLAIN;
  header.writeUInt32BE(dataKey.id, 1);
  nonce.copy(header, 5);
  const body = deflated ? await deflate(content) : content;
  const cipher = createCipheriv('aes-256-gcm', dataKey.key, header.subarray(5));
  cipher.setAAD(authenticated(dataKey.tenant, purpose, header));
  const encrypted = cipher.update(body);
  // GCM holds nothing back: this only makes the tag.
  cipher.final();
  return Buffer.concat([header, encrypted, cipher.getAuthTag()]);
}

function deflate(content: Uint8Array): Buffer | Promise<Buffer> {
  // One piece of output, no larger than the input: the usual 16 kB cost more than deflating 3 kB. Zlib takes 64 at least.
  const options = { level: 1, chunkSize: Math.max(64, Math.min(content.length, 65_536)) };
  return content.length < DEFLATE_ASIDE_FROM_BYTES
    ? deflateRawSync(content, options)
    : deflateAside(content, options);
}

/** The id of the data key that sealed `sealed`. */
export function dataKeyId(sealed: Buffer): number {
  return sealed.length < HEADER_BYTES + TAG_BYTES ? -1 : sealed.readUInt32BE(1);
}

/** Opens what {@link seal} made. Throws `payload-damaged` when a bit differs, or tenant or purpose do. */
export function open(dataKey: DataKey, purpose: Purpose, sealed: Buffer): Buffer {
  const header = sealed.subarray(0, HEADER_BYTES);
  try {
    const decipher = createDecipheriv('aes-256-gcm', dataKey.key, header.subarray(5));
    decipher.setAAD(authenticated(dataKey.tenant, purpose, header));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const body = decipher.update(sealed.subarray(HEADER_BYTES, -TAG_BYTES));
    // GCM holds nothing back: this only proves the tag.
    decipher.final();
    return header[0] === DEFLATED ? inflateRawSync(body) : body;
  } catch (cause) {
    throw new PipehatError('payload-damaged', { purpose }, { cause });
  }
}

/** Everything about a payload that isn't encrypted: tenant, purpose, format and key id. */
function authenticated(tenant: string, purpose: Purpose, header: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`pipehat|${tenant}|${purpose}|`), header.subarray(0, 5)]);
}

/** Wraps a data key under the master key: `nonce (12) | ciphertext (32) | tag (16)`. */
export function wrapKey(masterKey: Buffer, tenant: string, key: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', masterKey, nonce);
  cipher.setAAD(Buffer.from(`pipehat|data-key|${tenant}`));
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
}

/** Opens a wrapped data key. Throws `master-key-wrong` under another master key than the one that wrapped it. */
export function unwrapKey(masterKey: Buffer, tenant: string, wrapped: Buffer): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', masterKey, wrapped.subarray(0, 12));
    decipher.setAAD(Buffer.from(`pipehat|data-key|${tenant}`));
    decipher.setAuthTag(wrapped.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(wrapped.subarray(12, -TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw new PipehatError('master-key-wrong', {}, { cause });
  }
}
