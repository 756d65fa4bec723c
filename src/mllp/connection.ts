/** One connection that a sender opened: frames in, their answers out in the order in which the frames came. */
import type { Socket } from 'node:net';
import type { Answer, LaterAnswer } from '../component.ts';
import { PipehatError } from '../errors.ts';
import type { Log } from '../log.ts';
import { createFramer, type FramerEvent, frame } from './framing.ts';

/** The ends of a connection. */
export interface MllpConnection {
  /** `host:port` of both ends. */
  readonly local: string;
  readonly remote: string;
  /** Number of the connection within this process. */
  readonly connection: number;
}

/** What answers a connection's frames. */
export interface MllpConversation {
  /** No frame is longer than this. */
  readonly max_bytes: number;
  /** A connection with nothing to answer and no traffic for so long is closed. 0 = never. */
  readonly idle_timeout_ms: number;
  /** Resolves to the answer of one message. Called as frames arrive, also while others are under way. */
  answer(bytes: Buffer, from: MllpConnection): Promise<Answer>;
  /** The answer to a frame that is not taken. `head` is its beginning, at least its first 4 kB if it has so many. */
  refuse(reason: Refusal, head: Buffer, from: MllpConnection): Promise<Answer>;
  readonly log: Log;
}

/** Why a frame is not taken (see `FramerEvent`). After `too-large` the connection is closed. */
export type Refusal = Exclude<FramerEvent['kind'], 'frame' | 'junk'>;

/** A connection that is being served. */
export interface ServedConnection {
  /** Reads no more, answers what is under way, closes. */
  finish(): void;
  /** Closes at once. */
  destroy(): void;
}

/** With this many messages or bytes unanswered, the connection is not read until answers went out. */
const MOST_UNANSWERED = 256;
const MOST_UNANSWERED_BYTES = 8 * 1024 * 1024;
/**
 * How long what still arrives is read and dropped after the last answer. A socket closed with unread bytes is reset, and
 * the sender could lose the answer to it.
 */
const LINGER_MS = 500;

interface Unanswered {
  readonly size: number;
  answer: Answer | undefined;
}

/** Serves `socket`, which must allow half-open connections, until either end closes it. */
export function serveConnection(
  socket: Socket,
  from: MllpConnection,
  { max_bytes, idle_timeout_ms, answer, refuse, log }: MllpConversation,
): ServedConnection {
  const framer = createFramer({ max_bytes });
  const unanswered: Unanswered[] = [];
  let unanswered_bytes = 0;
  /** Second answers that are still to come. They hold up neither reading nor other answers, but keep the connection open. */
  let owed = 0;
  let taking = true;
  let junkSeen = false;
  let linger: NodeJS.Timeout | undefined;

  const handle = (event: FramerEvent): void => {
    if (event.kind === 'junk') {
      if (!event.blank && !junkSeen) log.warn('bytes outside of MLLP blocks dropped', { bytes: event.count });
      junkSeen ||= !event.blank;
      return;
    }
    const entry: Unanswered = { size: event.bytes.length, answer: undefined };
    unanswered.push(entry);
    unanswered_bytes += entry.size;
    const { kind, bytes } = event;
    (kind === 'frame' ? answer(bytes, from) : refuse(kind, bytes, from))
      .then((answered) => settle(entry, answered))
      .catch(fail);
    if (kind !== 'frame') log.warn('frame refused', { reason: kind });
    if (kind === 'too-large') finish();
  };

  const settle = (entry: Unanswered, answered: Answer): void => {
    entry.answer = answered;
    writeAnswers();
  };

  /** Without an answer the sender sends again: better than a wrong one. */
  const fail = (error: unknown): void => {
    const reason = error instanceof PipehatError ? error.code : (error as Error).name;
    log.error('no answer could be given, connection closed', { reason });
    socket.destroy();
  };

  /** Writes the answers that are next in order; those of one commit go out in one piece. */
  const writeAnswers = (): void => {
    if (unanswered[0]?.answer === undefined) return;
    for (let next = unanswered[0]; next?.answer !== undefined; next = unanswered[0]) {
      unanswered.shift();
      unanswered_bytes -= next.size;
      const { bytes, later, close: silent } = next.answer;
      if (bytes !== undefined) write(bytes);
      if (later !== undefined) owe(later);
      if (silent && !socket.destroyed) {
        log.error('a message could neither be stored nor answered, connection closed');
        taking = false;
        close();
      }
    }
    if (socket.destroyed) return;
    readOrWait();
    closeWhenDone();
  };

  /** True when the bytes are on their way: the connection is still there to write to. */
  const write = (bytes: Uint8Array): boolean => {
    if (socket.destroyed || socket.writableEnded) return false;
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    socket.write(frame(bytes));
    return true;
  };

  /** A second answer goes out when it is there, behind the first and between any others. */
  const owe = ({ ready, sent }: LaterAnswer): void => {
    owed += 1;
    ready
      .then((bytes) => {
        owed -= 1;
        if (bytes !== undefined) sent(write(bytes));
        if (!socket.destroyed) closeWhenDone();
      })
      .catch(fail);
  };

  /** Back-pressure: where answers can't keep up, or the peer doesn't read them, nothing more is read. */
  const readOrWait = (): void => {
    const full =
      unanswered.length >= MOST_UNANSWERED ||
      unanswered_bytes >= MOST_UNANSWERED_BYTES ||
      socket.writableNeedDrain;
    if (full && taking) socket.pause();
    else socket.resume();
  };

  const close = (): void => {
    socket.once('finish', () => {
      linger = setTimeout(() => socket.destroy(), LINGER_MS);
    });
    socket.end();
  };

  const closeWhenDone = (): void => {
    if (!taking && unanswered.length === 0 && owed === 0 && !socket.writableEnded) close();
  };

  const finish = (): void => {
    taking = false;
    readOrWait();
    closeWhenDone();
  };

  socket.setTimeout(idle_timeout_ms);
  socket.on('data', (chunk) => {
    if (!taking) return;
    for (const event of framer.push(chunk as Buffer)) handle(event);
    readOrWait();
  });
  socket.on('end', () => {
    if (taking) for (const event of framer.end()) handle(event);
    finish();
  });
  socket.on('drain', readOrWait);
  socket.on('timeout', () => {
    if (unanswered.length + owed > 0) return;
    log.info('idle connection closed');
    if (socket.writableLength > 0) socket.destroy();
    else finish();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => log.info('connection failed', { reason: error.code }));
  socket.on('close', () => clearTimeout(linger));
  return { finish, destroy: () => socket.destroy() };
}
