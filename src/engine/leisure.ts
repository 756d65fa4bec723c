/** Long work a slice at a time, so that what else there is to do (other connections, answers) gets its turn in between. */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

/** What is hashed in one go: a tenth of a millisecond. */
const SLICE_BYTES = 256 * 1024;

/** Runs `work` to its end, with a turn of the event loop wherever it yields. */
export async function atLeisure<Result>(work: Generator<undefined, Result, undefined>): Promise<Result> {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    await setImmediate();
  }
}

/** SHA-256 of large bytes. */
export function sha256AtLeisure(bytes: Uint8Array): Promise<Buffer> {
  return atLeisure(hashing(bytes));
}

function* hashing(bytes: Uint8Array): Generator<undefined, Buffer, undefined> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    hash.update(bytes.subarray(at, at + SLICE_BYTES));
    yield;
  }
  return hash.digest();
}
