/** One file, message by message. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Accept, Answer, Connection, Refuse } from '../component.ts';
import { type ErrorCode, PipehatError } from '../errors.ts';
import { streamBatch } from '../hl7/batch.ts';
import { readHeader } from '../hl7/header.ts';
import type { Log } from '../log.ts';

/** A file to be taken. */
export interface FileToTake {
  /** Its bytes, from the beginning; asked for twice. */
  chunks(): AsyncIterable<Uint8Array>;
  /** As it was when it was found settled. */
  readonly size: number;
  /** Where its message number `n` comes from. */
  from(n: number): Connection;
}

/** What taking a file needs. */
export interface TakeOptions {
  readonly batch_counts: 'reject' | 'warn';
  readonly acks: boolean;
  readonly max_bytes: number;
  readonly accept: Accept;
  readonly refuse: Refuse;
  readonly log: Log;
  /** Aborted when the source stops: nothing more is taken then. */
  readonly signal: AbortSignal;
  /** First and longest wait before a message is sent in again that could not be stored. */
  readonly waits: readonly [first_ms: number, most_ms: number];
}

/** A message that was refused, or what is wrong with the whole file. As it stands in NAME.error.json. */
export interface Refused {
  /** Number in the file, from 1 on. */
  readonly message?: number;
  readonly line?: number;
  readonly offset?: number;
  /** MSH-10. */
  readonly control_id?: string;
  readonly code: ErrorCode;
  /** As an HL7 path. */
  readonly place: string | undefined;
  readonly says: string;
  readonly advice: string;
}

/** What became of a file. */
export type Taken =
  /** The source stops. What was taken is known when the file is read again. */
  | { readonly kind: 'interrupted' }
  /** It was not as long as it was: somebody still writes. Nothing of it was taken. */
  | { readonly kind: 'unsettled' }
  | {
      readonly kind: 'done';
      readonly accepted: number;
      /** Empty when all is well. */
      readonly refused: readonly Refused[];
      /** Refused beyond those that are listed. */
      readonly more: number;
      /** Every answer, where they are wanted. */
      readonly acks: readonly Uint8Array[];
    };

/** So many refusals of a file are listed. */
const MOST_LISTED = 1000;

/** What the store keeps of a file that is refused as a whole. */
const HEAD_BYTES = 64 * 1024;

/**
 * Takes a file. It is read twice: counts are checked before its first message is taken. A message that can't be stored
 * now waits, and the file with it; one that is refused does not keep the others. Rejects where the file can't be read:
 * it can be taken again then, since the store knows the messages it has (the same answer, processed once).
 */
export async function takeFile(file: FileToTake, options: TakeOptions): Promise<Taken> {
  const { signal } = options;
  if (file.size > options.max_bytes) {
    return refuseFile(
      file,
      new PipehatError('pickup-file-too-large', { max_bytes: options.max_bytes }),
      options,
    );
  }
  const checked = await checkFile(file, options);
  if (checked === undefined) return { kind: 'interrupted' };
  if (checked.size !== file.size) return { kind: 'unsettled' };
  if (checked.error !== undefined) return refuseFile(file, checked.error, options);
  const acks: Uint8Array[] = [];
  const refused: Refused[] = [];
  let accepted = 0;
  let number = 0;
  for await (const item of streamBatch(file.chunks())) {
    if (item.kind !== 'message') continue;
    number += 1;
    const answer = await acceptPatiently(item.bytes, file.from(number), options);
    if (answer === undefined) return { kind: 'interrupted' };
    if (options.acks) acks.push(...(await answersOf(answer)));
    if (answer.error === undefined) accepted += 1;
    else if (refused.length < MOST_LISTED) {
      const { line, offset, bytes } = item;
      refused.push({
        ...{ message: number, line, offset, control_id: controlIdOf(bytes) },
        ...told(answer.error),
      });
    }
    if (signal.aborted && number < checked.messages) return { kind: 'interrupted' };
  }
  return { kind: 'done', accepted, refused, more: number - accepted - refused.length, acks };
}

/** Size, number of messages, and what keeps the file from being taken; undefined when interrupted. */
async function checkFile(
  file: FileToTake,
  { batch_counts, log, signal }: TakeOptions,
): Promise<{ size: number; messages: number; error: PipehatError | undefined } | undefined> {
  let size = 0;
  let messages = 0;
  let error: PipehatError | undefined;
  const measured = async function* () {
    for await (const chunk of file.chunks()) {
      size += chunk.length;
      yield chunk;
      if (signal.aborted) return;
    }
  };
  for await (const item of streamBatch(measured())) {
    if (item.kind === 'message') messages += 1;
    if (item.kind !== 'finding') continue;
    if (batch_counts === 'reject') error ??= item.error;
    else if (!signal.aborted) {
      const { code, message: reason, at } = item.error;
      log.warn('batch taken in spite of its counts', { file: file.from(0).remote, code, at, reason });
    }
  }
  if (signal.aborted) return undefined;
  if (messages === 0) error ??= new PipehatError('pickup-file-empty');
  return { size, messages, error };
}

/** The store keeps its beginning as rejected, so that it is seen where other refusals are. */
async function refuseFile(file: FileToTake, error: PipehatError, options: TakeOptions): Promise<Taken> {
  let head: Uint8Array = new Uint8Array();
  for await (const chunk of file.chunks()) {
    head = chunk.subarray(0, HEAD_BYTES);
    break;
  }
  const answer = await options.refuse(error, head, file.from(0));
  const { line, offset } = error.facts as { line?: number; offset?: number };
  const at = line === undefined || offset === undefined ? {} : { line, offset };
  return {
    kind: 'done',
    accepted: 0,
    refused: [{ ...at, ...told(error) }],
    more: 0,
    acks: options.acks && answer.bytes !== undefined ? [answer.bytes] : [],
  };
}

function told(error: PipehatError): Pick<Refused, 'code' | 'place' | 'says' | 'advice'> {
  const { code, at: place, message: says, advice } = error;
  return { code, place, says, advice };
}

/** Sends a message in until it is taken or refused for good; undefined when the source stops before. */
async function acceptPatiently(
  bytes: Uint8Array,
  from: Connection,
  { accept, log, signal, waits: [first_ms, most_ms] }: TakeOptions,
): Promise<Answer | undefined> {
  for (let wait = first_ms; !signal.aborted; wait = Math.min(2 * wait, most_ms)) {
    const answer = await accept(bytes, from);
    if (answer.error?.class !== 'transient') return answer;
    const { code } = answer.error;
    log.warn('message not taken for now, the file waits', { file: from.remote, code, wait_ms: wait });
    // Waking up because the source stops is no failure.
    await sleep(wait, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

/** The answer, and the one that follows later where the sender asked for it: both stand in the file of answers. */
async function answersOf({ bytes, later }: Answer): Promise<Uint8Array[]> {
  const second = await later?.ready;
  if (second !== undefined) later?.sent(true);
  return [bytes, second].filter((answer) => answer !== undefined);
}

function controlIdOf(bytes: Uint8Array): string {
  try {
    return readHeader(bytes).control_id;
  } catch (error) {
    if (error instanceof PipehatError && error.code === 'hl7-no-msh') return '';
    throw error;
  }
}
