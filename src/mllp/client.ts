/** One lasting connection to an MLLP receiver, with one message under way at most. Bytes out, the answer's bytes in. */
import type { Socket } from 'node:net';
import { PipehatError } from '../errors.ts';
import type { Log } from '../log.ts';
import { dial, type MllpReceiver, refusesCertificate } from './dial.ts';
import { createFramer, type Framer, type FramerEvent, frame } from './framing.ts';
import type { Reconnect } from './reconnect.ts';

/** What a client needs. */
export interface MllpClientOptions extends MllpReceiver {
  /** From the first byte sent to the last of the answer. */
  readonly answer_timeout_ms: number;
  /** How often a connection without a message gets a keep-alive: a CR, white space between frames. 0 = never. */
  readonly keep_alive_ms?: number;
  /** A connection without a message for so long is closed, and opened again for the next one. 0 = never. */
  readonly idle_timeout_ms?: number;
  /** Waits before it connects where that failed; undefined: connects at once. */
  readonly reconnect?: Pick<Reconnect, 'connect'>;
  readonly log: Log;
}

/** Sends messages to one receiver. */
export interface MllpClient {
  /**
   * Resolves to what `read` makes of an answer, which comes without blocks. Where it makes undefined of one, the next is
   * waited for. Connects first where needed. Where `read` throws, the connection is closed and `send` rejects with the same.
   * Otherwise it rejects with a PipehatError:
   * - `mllp-unreachable`, `tls-handshake-failed`: nothing was sent, or nothing was taken.
   * - `mllp-no-answer`: it was sent, whole or in part. The connection is closed, so that an answer that comes late can't
   *   be taken for that of the next message.
   * - `mllp-text-not-framable`: nothing was sent, nor ever will be.
   */
  send<Answer>(bytes: Uint8Array, read: (answer: Buffer) => Answer | undefined): Promise<Answer>;
  /** Closes the connection. A message under way gets no answer, later ones are not sent. */
  close(): void;
}

/** An answer is an ACK; what is longer isn't one. */
const MOST_ANSWER_BYTES = 1024 * 1024;

/** White space between frames, which a receiver passes by. An empty frame would be answered by some. */
const KEEP_ALIVE = '\r';

/** Whoever waits for an answer. */
interface Waiting {
  /** True once there is nothing more to wait for. */
  take(answer: Buffer): boolean;
  fail(error: PipehatError): void;
}

/** A client, not yet connected. It sends one message at a time; a pool has several clients. */
export function createMllpClient(options: MllpClientOptions): MllpClient {
  const { host, port, answer_timeout_ms, keep_alive_ms = 0, idle_timeout_ms = 0, reconnect, log } = options;
  let socket: Socket | undefined;
  let waiting: Waiting | undefined;
  let idle: NodeJS.Timeout | undefined;
  let beat: NodeJS.Timeout | undefined;
  let closed = false;

  const unreachable = (reason: string): PipehatError =>
    new PipehatError('mllp-unreachable', { host, port, reason });

  /** Closes the connection; whoever waits for an answer learns why none comes. */
  const drop = (reason: string, code: 'mllp-no-answer' | 'tls-handshake-failed' = 'mllp-no-answer'): void => {
    stopResting();
    socket?.destroy();
    socket = undefined;
    waiting?.fail(new PipehatError(code, { host, port, reason }));
    waiting = undefined;
  };

  /** Between messages. */
  const rest = (): void => {
    if (keep_alive_ms > 0) beat = setInterval(() => socket?.write(KEEP_ALIVE), keep_alive_ms);
    if (idle_timeout_ms > 0) idle = setTimeout(() => drop('idle'), idle_timeout_ms);
  };

  const stopResting = (): void => {
    clearInterval(beat);
    clearTimeout(idle);
  };

  const receive = (framer: Framer, chunk: Buffer): void => {
    for (const event of framer.push(chunk)) {
      if (isHarmless(event, waiting !== undefined)) continue;
      if (event.kind !== 'frame' || waiting === undefined) {
        unasked(event.kind);
        return;
      }
      if (waiting.take(event.bytes)) waiting = undefined;
    }
    if (waiting === undefined && framer.inside) unasked('frame');
  };

  /** What comes unasked may be the late answer to an earlier message. No later message must ever be credited with it. */
  const unasked = (kind: string): void => {
    log.warn('the receiver sent what was not asked for, connection closed', { kind });
    drop(`found no answer but ${kind}`);
  };

  const open = async (): Promise<Socket> => {
    const { socket: opened, connected } = dial(options);
    socket = opened;
    const dropThis = (reason: string, code?: 'tls-handshake-failed'): void => {
      if (socket === opened) drop(reason, code);
    };
    const framer = createFramer({ max_bytes: MOST_ANSWER_BYTES });
    opened.on('data', (chunk) => {
      if (socket === opened) receive(framer, chunk as Buffer);
    });
    opened.on('error', (error: NodeJS.ErrnoException) => {
      dropThis(error.code ?? error.name, refusesCertificate(error) ? 'tls-handshake-failed' : undefined);
    });
    opened.on('end', () => dropThis('connection closed by the receiver'));
    opened.on('close', () => dropThis('connection closed'));
    await connected;
    return opened;
  };

  return {
    async send<Answer>(bytes: Uint8Array, read: (answer: Buffer) => Answer | undefined) {
      if (waiting !== undefined) throw new Error('a client sends one message at a time');
      const framed = frame(bytes);
      if (closed) throw unreachable('closed');
      const line = socket ?? (await (reconnect === undefined ? open() : reconnect.connect(open)));
      if (closed || socket !== line) throw unreachable('closed');
      stopResting();
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      waiting = {
        take(answer) {
          try {
            const made = read(answer);
            if (made !== undefined) resolve(made);
            return made !== undefined;
          } catch (error) {
            reject(error);
            return true;
          }
        },
        fail: reject,
      };
      const late = setTimeout(() => drop(`none within ${answer_timeout_ms} ms`), answer_timeout_ms);
      line.write(framed);
      try {
        const answer = await promise;
        if (socket === line) rest();
        return answer;
      } catch (error) {
        if (socket === line) {
          log.warn('an answer came that can not be applied, connection closed', { code: codeOf(error) });
          drop('the answer was refused');
        }
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

function codeOf(error: unknown): string {
  return error instanceof PipehatError ? error.code : (error as Error).name;
}

/** Keep-alives are, at any time; and what stands before an answer that is waited for. */
function isHarmless(event: FramerEvent, waited: boolean): boolean {
  if (event.kind === 'junk') return event.blank || waited;
  return event.kind === 'frame' && event.bytes.length === 0 && !waited;
}
