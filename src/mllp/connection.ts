/** One connection that a sender opened: frames in, their answers out in the order in which the frames came. */
import type { Socket } from 'node:net';
import type { Answer, IntakeMemory, LaterAnswer } from '../component.ts';
import { PipehatError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ConnectionEnds, ServedConnection } from '../network/listener.ts';
import { createPace } from '../network/pace.ts';
import { createFramer, type FramerEvent, frame } from './framing.ts';

/** What answers a connection's frames. */
export interface MllpConversation {
  /** No frame is longer than this. */
  readonly max_bytes: number;
  /** A connection with nothing to answer and no traffic for so long is closed. 0 = never. */
  readonly idle_timeout_ms: number;
  /** A message that began and takes longer is refused (see `createPace`). */
  readonly frame_timeout_ms: number;
  /** Resolves to the answer of one message. Called as frames arrive, also while others are under way. */
  answer(bytes: Buffer, from: ConnectionEnds): Promise<Answer>;
  /** The answer to a frame that is not taken. `head` is its beginning, at least its first 4 kB if it has so many. */
  refuse(reason: Refusal, head: Buffer, from: ConnectionEnds): Promise<Answer>;
  /** Called for each keep-alive: an empty frame, or white space while nothing else comes. Neither is answered. */
  keepAlive(): void;
  /** Memory for what is not answered yet. */
  readonly memory: IntakeMemory;
  readonly log: Log;
}

/** Why a frame is not taken (see `FramerEvent`), or `late`. After `too-large`, and whatever is late, the connection is closed. */
export type Refusal = Exclude<FramerEvent['kind'], 'frame' | 'junk'> | 'late';

/** What is answered. */
interface Incoming {
  readonly kind: Refusal | 'frame';
  readonly bytes: Buffer;
}

/** The limit of one connection: with so many messages or bytes unanswered it is not read until answers went out. */
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
  from: ConnectionEnds,
  conversation: MllpConversation,
): ServedConnection {
  const { max_bytes, idle_timeout_ms, frame_timeout_ms, memory, answer, refuse, keepAlive, log } =
    conversation;
  const framer = createFramer({ max_bytes });
  const unanswered: Unanswered[] = [];
  let unanswered_bytes = 0;
  /** Second answers that are still to come. They hold up neither reading nor other answers, but keep the connection open. */
  let owed = 0;
  let taking = true;
  let junkSeen = false;
  let linger: NodeJS.Timeout | undefined;

  const share = memory.share(() => readOrWait());
  const pace = createPace({
    timeout_ms: frame_timeout_ms,
    bytes: () => framer.held_bytes,
    late() {
      for (const event of framer.end())
        if (event.kind !== 'junk') take(event.kind === 'unfinished' ? { ...event, kind: 'late' } : event);
      finish();
    },
  });

  const handle = (event: FramerEvent): void => {
    if (event.kind !== 'junk') take(event);
    else if (!event.blank && !junkSeen) {
      log.warn('bytes outside of MLLP blocks dropped', { bytes: event.count });
      junkSeen = true;
    }
  };

  const take = ({ kind, bytes }: Incoming): void => {
    if (kind === 'frame' && isBlank(bytes)) {
      keepAlive();
      return;
    }
    const entry: Unanswered = { size: bytes.length, answer: undefined };
    unanswered.push(entry);
    unanswered_bytes += entry.size;
    (kind === 'frame' ? answer(bytes, from) : refuse(kind, bytes, from))
      .then((answered) => settle(entry, answered))
      .catch(fail);
    if (kind !== 'frame') log.warn('frame refused', { reason: kind });
    if (kind === 'too-large') finish();
  };

  const receive = (chunk: Buffer): void => {
    if (!taking) return;
    const events = framer.push(chunk);
    const [first] = events;
    if (events.length === 1 && first?.kind === 'junk' && first.blank) keepAlive();
    if (events.some(({ kind }) => kind !== 'junk')) pace.end();
    if (framer.inside) pace.begin();
    for (const event of events) handle(event);
    readOrWait();
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

  /** Back-pressure: where answers can't keep up, the peer doesn't read them, or memory is used up, nothing more is read. */
  const readOrWait = (): void => {
    const full =
      unanswered.length >= MOST_UNANSWERED ||
      unanswered_bytes >= MOST_UNANSWERED_BYTES ||
      socket.writableNeedDrain;
    const room = share.hold(unanswered_bytes, framer.held_bytes);
    if ((full || !room) && taking) {
      socket.pause();
      pace.pause();
    } else {
      pace.resume();
      socket.resume();
    }
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
    pace.end();
    readOrWait();
    closeWhenDone();
  };

  socket.setTimeout(idle_timeout_ms);
  socket.on('data', receive);
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
  socket.on('close', () => {
    clearTimeout(linger);
    pace.end();
    share.end();
  });
  return { finish };
}

/** White space only, as in a frame that keeps a connection alive. A message is told by its first byte. */
function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte <= 0x20);
}
