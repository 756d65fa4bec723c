/** A sender as hospitals have them: one connection, one message at a time, each sent again, the same bytes, until it is accepted. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Sends a message over `socket` and gives the answer as text. Rejects when the connection ends before, or after `patience_ms`. */
export async function exchange(
  socket: Socket,
  message: string | Uint8Array,
  patience_ms = 10_000,
): Promise<string> {
  let text = '';
  const answered = Promise.withResolvers<string>();
  const read = (chunk: Buffer): void => {
    text += chunk.toString('latin1');
    if (text.endsWith('\x1c\r')) answered.resolve(text.slice(text.indexOf('\x0b') + 1, -2));
  };
  const fail = (): void => answered.reject(new Error('the connection ended without an answer'));
  const late = setTimeout(fail, patience_ms);
  socket.on('data', read).on('close', fail);
  try {
    socket.write(Buffer.concat([Buffer.from('\x0b'), Buffer.from(message), Buffer.from('\x1c\r')]));
    return await answered.promise;
  } finally {
    clearTimeout(late);
    socket.off('data', read).off('close', fail);
  }
}

/** Connects to `host:port`. */
export async function open(address: string): Promise<Socket> {
  const [host, port] = address.split(':');
  const socket = connect({ host: host!, port: Number(port), noDelay: true });
  // What goes wrong later is seen by whoever waits for an answer.
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Opens a connection for one message. */
export async function sendOnce(address: string, message: string | Uint8Array): Promise<string> {
  const socket = await open(address);
  try {
    return await exchange(socket, message);
  } finally {
    socket.destroy();
  }
}

/** MSA-1 of an answer. */
export function codeOf(answer: string): string {
  return /\rMSA\|(\w*)/.exec(answer)?.[1] ?? '';
}

/** A sender that sends without waiting, and collects whatever comes back. */
export interface Talk {
  send(...messages: (string | Uint8Array)[]): void;
  /** Everything that came, without framing. */
  readonly answers: readonly string[];
  /** The other end closed the connection. */
  hasEnded(): boolean;
  /** Closes this half: what is owed still comes. */
  end(): void;
  close(): void;
  /** Breaks the connection off. */
  reset(): void;
}

/** Connects one. */
export async function talk(address: string): Promise<Talk> {
  const socket = await open(address);
  const answers: string[] = [];
  let text = '';
  let ended = false;
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    const frames = text.split('\x1c\r');
    text = frames.pop()!;
    for (const frame of frames) answers.push(frame.slice(frame.indexOf('\x0b') + 1));
  });
  socket.on('close', () => {
    ended = true;
  });
  return {
    send(...messages) {
      const framed = messages.map((one) => [Buffer.from('\x0b'), Buffer.from(one), Buffer.from('\x1c\r')]);
      socket.write(Buffer.concat(framed.flat()));
    },
    answers,
    hasEnded: () => ended,
    end: () => socket.end(),
    close: () => socket.destroy(),
    reset: () => socket.resetAndDestroy(),
  };
}

/** A sender that doesn't give up. */
export interface Sender {
  /** Resolves when the message is accepted. */
  send(message: string): Promise<void>;
  /** What it was answered, beside AA. */
  readonly refusals: readonly string[];
  close(): void;
}

/** How long it waits before it sends again. */
const PAUSE_MS = 20;

/**
 * `address` is asked before each connection; it may wait until somebody listens. Where `isDeaf` says so, an answer is
 * not waited for: the connection ends as soon as the message went out.
 */
export function createSender(address: () => Promise<string>, isDeaf: () => boolean = () => false): Sender {
  let socket: Socket | undefined;
  const refusals: string[] = [];
  return {
    refusals,
    async send(message) {
      for (;;) {
        try {
          socket ??= await open(await address());
          const answer = await exchange(socket, message, isDeaf() ? 0 : undefined);
          if (codeOf(answer) === 'AA') return;
          refusals.push(answer);
        } catch {
          // Nobody listens, or the connection ended: the sender can't know whether the message was taken.
        }
        socket?.destroy();
        socket = undefined;
        await sleep(PAUSE_MS);
      }
    },
    close: () => socket?.destroy(),
  };
}
