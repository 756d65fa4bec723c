/**
 * Keys: one master key outside the database, data keys per tenant inside it (wrapped), and keys derived from the
 * master key for hashes and for the audit chain.
 */
import { createHmac, hkdfSync, randomBytes, randomFillSync } from 'node:crypto';
import { PipehatError } from '../errors.ts';
import {
  type DataKey,
  dataKeyId,
  NONCE_BYTES,
  open,
  type Purpose,
  seal,
  unwrapKey,
  wrapKey,
} from './seal.ts';

/** A data key as the store keeps it. */
export interface WrappedKey {
  readonly id: number;
  readonly tenant: string;
  readonly wrapped: Buffer;
  readonly created_at: Date;
}

/** Where wrapped data keys are kept. */
export interface KeyStore {
  all(tenant: string): Promise<WrappedKey[]>;
  add(tenant: string, wrapped: Buffer): Promise<WrappedKey>;
}

/** A data key seals for a day, well below the 2^32 random nonces that GCM allows one key. */
const SEALS_FOR_MS = 24 * 60 * 60 * 1000;

/** Seals and opens one tenant's payloads, and hashes what must be searchable. */
export interface Keyring {
  /** `shrinkable`: false where it is known that deflating is not worth its time. */
  seal(purpose: Purpose, content: Uint8Array, shrinkable?: boolean): Promise<Buffer>;
  open(purpose: Purpose, sealed: Buffer): Buffer;
  /** Keyed hash of an identifier, 16 bytes: equal identifiers are found, none can be read back. */
  hash(kind: string, value: string): Buffer;
  /** HMAC-SHA-256 for the audit chain, so that who can write to the database still can't forge a link. */
  sign(text: string): Buffer;
  /** Reads keys that other processes added, and adds a new sealing key when the present one has had its day. */
  refresh(now: Date): Promise<void>;
}

/** Opens the tenant's keyring; makes its first data key where there is none. */
export async function openKeyring(
  masterKey: Buffer,
  tenant: string,
  store: KeyStore,
  now: Date,
): Promise<Keyring> {
  const hashKey = derive(masterKey, `hash|${tenant}`);
  const auditKey = derive(masterKey, 'audit');
  const keys = new Map<number, DataKey>();
  let current: DataKey | undefined;

  const add = (row: WrappedKey): DataKey => {
    const key = { id: row.id, tenant, key: unwrapKey(masterKey, tenant, row.wrapped) };
    keys.set(row.id, key);
    return key;
  };
  const refresh = async (at: Date): Promise<void> => {
    const rows = await store.all(tenant);
    for (const row of rows) if (!keys.has(row.id)) add(row);
    const newest = rows.at(-1);
    const fresh = newest !== undefined && at.getTime() - newest.created_at.getTime() < SEALS_FOR_MS;
    const row = fresh ? newest : await store.add(tenant, wrapKey(masterKey, tenant, randomBytes(32)));
    current = keys.get(row.id) ?? add(row);
  };
  await refresh(now);
  const nextNonce = createNonces();

  return {
    seal: (purpose, content, shrinkable) => seal(current!, purpose, content, nextNonce(), shrinkable),
    open(purpose, sealed) {
      const key = keys.get(dataKeyId(sealed));
      if (key === undefined) throw new PipehatError('payload-key-unknown', { key: dataKeyId(sealed) });
      return open(key, purpose, sealed);
    },
    hash: (kind, value) => createHmac('sha256', hashKey).update(`${kind}|${value}`).digest().subarray(0, 16),
    sign: (text) => createHmac('sha256', auditKey).update(text).digest(),
    refresh,
  };
}

/** Random nonces, drawn from the system in handfuls: one call costs as much as a whole seal of a small message. */
function createNonces(): () => Buffer {
  const pool = Buffer.alloc(NONCE_BYTES * 256);
  let used = pool.length;
  return () => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += NONCE_BYTES;
    return pool.subarray(used - NONCE_BYTES, used);
  };
}

function derive(masterKey: Buffer, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, 'pipehat', use, 32));
}

/** Reads a master key: 32 bytes as 64 hex digits. Throws `master-key-bad`. */
export function parseMasterKey(text: string, source: string): Buffer {
  const trimmed = text.trim();
  if (!/^[0-9a-f]{64}$/i.test(trimmed)) throw new PipehatError('master-key-bad', { source });
  return Buffer.from(trimmed, 'hex');
}

/** A new master key in the form {@link parseMasterKey} reads. */
export function newMasterKey(): string {
  return randomBytes(32).toString('hex');
}
