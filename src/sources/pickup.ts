/**
 * Picking up files, wherever they lie: looks at a folder again and again, takes each file once nobody writes to it any
 * more, hands its messages to `accept` in order, and puts it away. One file at a time.
 *
 * Nothing is lost and nothing is doubled: a file is put away after its last message is stored, and one that is read again
 * because the engine died in between brings messages that the store has, and that get their first answer again.
 */
import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, Source, SourceContext } from '../component.ts';
import { PipehatError } from '../errors.ts';
import { createClaims } from './claims.ts';
import { type Entry, type Files, FileTrouble, unlessAbsent } from './files.ts';
import { type Taken, takeFile } from './pickup-file.ts';
import type { PickupOptions } from './pickup-options.ts';
import { createPutAway } from './put-away.ts';
import { createSettling, inOrder, isWanted } from './settled.ts';

/** Longest wait, while a folder or the store is away, or a file may not be read. */
const MOST_WAIT_MS = 60_000;

/** Where files are picked up. */
export interface PickupPlace {
  readonly protocol: string;
  /** `/in`, or `user@host:port/in`. */
  readonly address: string;
  readonly path: string;
  readonly files: Files;
}

/**
 * A source of files, not started. It starts whether its folder is there or not, and waits for one that isn't. Throws
 * `option-wrong` where files would be put away into the folder that they were picked up from.
 */
export function createPickup(
  { protocol, address, path, files }: PickupPlace,
  options: PickupOptions,
  { accept, refuse, log, connections }: SourceContext,
): Source {
  for (const folder of ['archive', 'error'] as const) {
    if (posix.resolve(path, options[folder]) !== path) continue;
    const expected = 'must be another folder than the one where files are picked up';
    throw new PipehatError('option-wrong', { option: `${protocol}.${folder}`, expected });
  }
  const stopping = new AbortController();
  const { signal } = stopping;
  const clock = () => performance.now();
  const claims = createClaims({
    ...{ files, path, clock, owner: randomUUID().slice(0, 8), claim_ms: options.claim_ms },
  });
  const putAway = createPutAway({ files, path, options, now: () => new Date() });
  const settling = createSettling(options.stable_ms);
  /** Files that were taken and could not be put away yet. */
  const done = new Map<string, Taken & { kind: 'done' }>();
  /** Files that we may not take or read, and until when they are not tried again. */
  const avoided = new Map<string, number>();
  let picked = 0;
  /** What keeps files from being picked up; `''` when nothing does, undefined before the first look. */
  let trouble: string | undefined;
  /** We gave a sign of life, and go on doing so. */
  let alive = false;
  let running: Promise<void> | undefined;

  /** Takes a file that is ours, and puts it away. */
  const takeClaimed = async ({ name, size, modified_ms }: Entry): Promise<void> => {
    const claimed = claims.pathOf(name);
    // Another file of the same name must not pass for one that is done.
    const known = `${name} ${size} ${modified_ms}`;
    const connection = ++picked;
    const from = (n: number): Connection => {
      return { protocol, local: address, remote: n === 0 ? name : `${name}#${n}`, connection };
    };
    const taken =
      done.get(known) ??
      (await takeFile(
        { chunks: () => files.read(claimed), size, from },
        { ...options, accept, refuse, log, signal, waits: [options.poll_ms, MOST_WAIT_MS] },
      ));
    if (taken.kind === 'interrupted') return;
    if (taken.kind === 'unsettled') return claims.giveBack(name);
    done.set(known, taken);
    const to = await unlessAbsent(putAway(claimed, name, taken));
    done.delete(known);
    if (to === undefined) {
      log.warn('file not put away: another engine took it over', { file: name });
      return;
    }
    const { accepted, refused, more } = taken;
    const facts = { file: name, accepted, refused: refused.length + more, to };
    if (refused.length === 0) log.info('file taken', facts);
    else log.warn('file taken, with refusals', { ...facts, code: refused[0]!.code });
  };

  /** A file that may not be read is put back; the others go on. */
  const takeOrAvoid = async (entry: Entry): Promise<void> => {
    const { name } = entry;
    try {
      await takeClaimed(entry);
    } catch (error) {
      if (!(error instanceof FileTrouble) || error.kind !== 'denied' || done.size > 0) throw error;
      await claims.giveBack(name);
      avoid(name, error);
    }
  };

  const avoid = (name: string, { reason }: FileTrouble): void => {
    avoided.set(name, clock() + MOST_WAIT_MS);
    log.warn('file left alone: not allowed', { file: name, reason });
  };

  const claim = async (name: string): Promise<boolean> => {
    try {
      return await claims.take(name);
    } catch (error) {
      if (!(error instanceof FileTrouble) || error.kind !== 'denied') throw error;
      avoid(name, error);
      return false;
    }
  };

  const lookOnce = async (): Promise<void> => {
    await files.connect();
    const present = await files.list(path);
    if (!alive) await claims.beat();
    alive = true;
    for (const entry of await claims.taken()) {
      if (!signal.aborted) await takeOrAvoid(entry);
    }
    const wanted = present.filter((entry) => isWanted(entry, options.patterns));
    for (const entry of inOrder(settling.settled(wanted, clock()), options.order)) {
      if (signal.aborted) return;
      if ((avoided.get(entry.name) ?? 0) > clock()) continue;
      avoided.delete(entry.name);
      if (!(await claim(entry.name))) continue;
      // What was done and not put away is ours no more: else it had been among those that are taken.
      done.clear();
      await takeOrAvoid(entry);
    }
  };

  /** Told once, until it changes. */
  const tell = (cause: unknown): void => {
    const { code, message: reason } = problemOf(cause, address);
    if (reason === trouble) return;
    connections(0);
    log.error('files are not picked up', { code, reason });
    trouble = reason;
  };

  const look = async (): Promise<void> => {
    let wait = options.poll_ms;
    while (!signal.aborted) {
      try {
        await lookOnce();
        if (trouble !== '') connections(1);
        if (trouble) log.info('files are picked up again');
        trouble = '';
        wait = options.poll_ms;
      } catch (error) {
        if (signal.aborted) return;
        tell(error);
        alive = false;
        wait = Math.min(2 * wait, MOST_WAIT_MS);
      }
      // Waking up because the source stops is no failure.
      await sleep(wait, undefined, { signal }).catch(() => undefined);
    }
  };

  /** Signs of life go on while a long file is being taken. What fails here fails in the next round too, and is told there. */
  const live = async (): Promise<void> => {
    while (!signal.aborted) {
      await sleep(options.claim_ms / 4, undefined, { signal, ref: false }).catch(() => undefined);
      if (alive && !signal.aborted) await claims.beat().catch(() => undefined);
    }
  };

  return {
    address,
    async start() {
      running = Promise.all([look(), live()])
        .then(() => claims.end())
        .catch(tell)
        .finally(() => connections(0))
        .then(() => files.close());
    },
    async stop(deadline_ms) {
      stopping.abort();
      const late = new AbortController();
      const deadline = sleep(deadline_ms, undefined, { signal: late.signal }).catch(() => undefined);
      await Promise.race([running, deadline]);
      late.abort();
    },
  };
}

/** What isn't known is a fault of ours: its kind is told, and not its text, which may quote a file. */
function problemOf(cause: unknown, folder: string): PipehatError {
  if (cause instanceof PipehatError) return cause;
  const reason = cause instanceof FileTrouble ? cause.reason : (cause as Error).name;
  return new PipehatError(cause instanceof FileTrouble ? 'pickup-failed' : 'internal', { folder, reason });
}
