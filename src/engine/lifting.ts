/**
 * Lifting: the large parts of a message go into the store as attachments, each content once, before the message itself
 * is stored with references in their places. An engine that dies in between leaves a content that no message has; a
 * resend finds it there.
 */
import { setImmediate } from 'node:timers/promises';
import { headerOf } from '../hl7/header.ts';
import { findLarge, type LargePart, referenceTo, skeletonOf } from '../hl7/lift.ts';
import type { Keyring } from '../security/keys.ts';
import { shrinks } from '../security/seal.ts';
import { keepAttachment, type LiftedPart } from '../store/attachments.ts';
import type { Pool } from '../store/database.ts';
import { CHUNK_BYTES, chunkPurpose } from './attachments.ts';
import { atLeisure, sha256AtLeisure } from './leisure.ts';

/** A message on its way into the store. */
export interface Incoming {
  /** As it came, but for references in the places of what was lifted out. */
  readonly bytes: Uint8Array;
  /** Of the bytes as they came. */
  readonly sha256: Buffer;
  readonly size: number;
  /** Each content once. */
  readonly lifted: readonly LiftedPart[];
}

/** What lifting works with. */
export interface LiftOptions {
  readonly pool: Pool;
  readonly keyring: Keyring;
  readonly now: () => Date;
}

/** Lifts the parts longer than `from_bytes` out of a message. Rejects with `store-unreachable`. */
export type Lift = (bytes: Uint8Array, from_bytes: number) => Promise<Incoming>;

/** What tells from the middle of a content whether it shrinks. */
const SAMPLE_BYTES = 64 * 1024;

export function createLift({ pool, keyring, now }: LiftOptions): Lift {
  async function keep(content: Uint8Array, base64: boolean): Promise<LiftedPart> {
    const sha256 = await sha256AtLeisure(content);
    const id = keyring.hash('attachment', sha256.toString('hex'));
    const size = content.length;
    await keepAttachment(pool, { id, size }, now(), () => sealChunks(id, content));
    return { id, size, base64 };
  }

  async function* sealChunks(id: Buffer, content: Uint8Array): AsyncGenerator<Buffer, void, undefined> {
    const middle = Math.floor(content.length / 2);
    const shrinkable = await shrinks(content.subarray(middle, middle + SAMPLE_BYTES));
    for (let number = 0; number * CHUNK_BYTES < content.length; number++) {
      const chunk = content.subarray(number * CHUNK_BYTES, (number + 1) * CHUNK_BYTES);
      yield await keyring.seal(chunkPurpose(id, number), chunk, shrinkable);
      await setImmediate();
    }
  }

  return async (bytes, from_bytes) => {
    const header = headerOf(bytes);
    const parts: LargePart[] =
      header === undefined ? [] : await atLeisure(findLarge(bytes, header.delimiters, from_bytes));
    const sha256 = await sha256AtLeisure(bytes);
    const lifted: LiftedPart[] = [];
    for (const { start, end, base64 } of parts) lifted.push(await keep(bytes.subarray(start, end), base64));
    const references = lifted.map(({ id, size }) => referenceTo(id, size));
    return {
      bytes: parts.length === 0 ? bytes : skeletonOf(bytes, parts, references),
      sha256,
      size: bytes.length,
      lifted: [...new Map(lifted.map((part) => [part.id.toString('hex'), part])).values()],
    };
  };
}
