/** One lasting connection to an MLLP receiver, with one message under way at most. Bytes out, the answer's bytes in. */
import { connect, type Socket } from 'node:net';
import { PipehatError } from '../errors.ts';
import type { Log } from '../log.ts';
import { createFramer, type Framer, frame } from './framing.ts';

/** Where a receiver listens. */
export interface MllpReceiver {
  readonly host: string;
  readonly port: number;
  readonly connect_timeout_ms: number;
}

/** What a client needs. */
export interface MllpClientOptions extends MllpReceiver {
  /** From the first byte sent to the last of the answer. */
  readonly answer_timeout_ms: number;
  readonly log: Log;
}

/** Sends messages to one receiver. */
export interface MllpClient {
  /**
   * Resolves to what `read` makes of the answer, which comes without blocks. Connects first where needed. Where `read`
   * throws, the connection is closed and `send` rejects with the same. Otherwise it rejects with a PipehatError:
   * - `mllp-unreachable`: nothing was sent.
   * - `mllp-no-answer`: it was sent, whole or in part. The connection is closed, so that an answer that comes late can't
   *   be taken for that of the next message.
   * - `mllp-text-not-framable`: nothing was sent, nor ever will be.
   */
  send<Answer>(bytes: Uint8Array, read: (answer: Buffer) => Answer): Promise<Answer>;
  /** Closes the connection. A message under way gets no answer, later ones are not sent. */
  close(): void;
}

/** An answer is an ACK; what is longer isn't one. */
const MOST_ANSWER_BYTES = 1024 * 1024;
/** When a silent connection is probed, so that one whose receiver vanished without a word is found. */
const PROBE_AFTER_MS = 60_000;

/** A client, not yet connected. It sends one message at a time; a pool has several clients. */
export function createMllpClient(options: MllpClientOptions): MllpClient {
  const { host, port, answer_timeout_ms, log } = options;
  let socket: Socket | undefined;
  let answered: PromiseWithResolvers<Buffer> | undefined;
  let closed = false;

  const unreachable = (reason: string): PipehatError =>
    new PipehatError('mllp-unreachable', { host, port, reason });

  /** Closes the connection; whoever waits for an answer learns why none comes. */
  const drop = (reason: string): void => {
    socket?.destroy();
    socket = undefined;
    answered?.reject(new PipehatError('mllp-no-answer', { host, port, reason }));
    answered = undefined;
  };

  const receive = (framer: Framer, chunk: Buffer): void => {
    for (const event of framer.push(chunk)) {
      const harmless = event.kind === 'junk' && (event.blank || answered !== undefined);
      if (harmless) continue;
      if (event.kind !== 'frame' || answered === undefined) {
        unasked(event.kind);
        return;
      }
      answered.resolve(event.bytes);
      answered = undefined;
    }
    if (answered === undefined && framer.inside) unasked('frame');
  };

  /** What comes unasked may be the late answer to an earlier message. No later message must ever be credited with it. */
  const unasked = (kind: string): void => {
    log.warn('the receiver sent what was not asked for, connection closed', { kind });
    drop(`found no answer but ${kind}`);
  };

  const open = async (): Promise<Socket> => {
    const { socket: opened, connected } = dial(options);
    socket = opened;
    const dropThis = (reason: string): void => {
      if (socket === opened) drop(reason);
    };
    const framer = createFramer({ max_bytes: MOST_ANSWER_BYTES });
    opened.on('data', (chunk) => {
      if (socket === opened) receive(framer, chunk as Buffer);
    });
    opened.on('error', (error: NodeJS.ErrnoException) => dropThis(error.code ?? error.name));
    opened.on('end', () => dropThis('connection closed by the receiver'));
    opened.on('close', () => dropThis('connection closed'));
    await connected;
    return opened;
  };

  return {
    async send(bytes, read) {
      if (answered !== undefined) throw new Error('a client sends one message at a time');
      const framed = frame(bytes);
      if (closed) throw unreachable('closed');
      const line = socket ?? (await open());
      if (socket !== line) throw unreachable('closed');
      const waiting = Promise.withResolvers<Buffer>();
      answered = waiting;
      const late = setTimeout(() => drop(`none within ${answer_timeout_ms} ms`), answer_timeout_ms);
      line.write(framed);
      try {
        return read(await waiting.promise);
      } catch (error) {
        if (socket === line) drop('the answer was refused');
        throw error;
      } finally {
        clearTimeout(late);
      }
    },
    close() {
      closed = true;
      drop('closed');
    },
  };
}

/** Resolves when a connection can be opened, and closes it. Sends nothing. Rejects with `mllp-unreachable`. */
export async function probe(receiver: MllpReceiver): Promise<void> {
  const { socket, connected } = dial(receiver);
  try {
    await connected;
  } finally {
    socket.destroy();
  }
}

/** `connected` rejects with `mllp-unreachable`, also when the socket is destroyed before it is connected. */
function dial({ host, port, connect_timeout_ms }: MllpReceiver): {
  socket: Socket;
  connected: Promise<void>;
} {
  const socket = connect({
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
  });
  const { promise: connected, resolve, reject } = Promise.withResolvers<void>();
  let reason = 'closed';
  const late = setTimeout(() => {
    reason = `no connection within ${connect_timeout_ms} ms`;
    socket.destroy();
  }, connect_timeout_ms);
  socket.once('error', (error: NodeJS.ErrnoException) => {
    reason = error.code ?? error.name;
  });
  socket.once('close', () => {
    clearTimeout(late);
    reject(new PipehatError('mllp-unreachable', { host, port, reason }));
  });
  socket.once('connect', () => {
    clearTimeout(late);
    resolve();
  });
  return { socket, connected };
}
