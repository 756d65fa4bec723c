/**
 * Messages whose answers can't be counted on to be exactly one: those that ask for an accept and an application ACK, for one
 * only in some case, or for none (HL7 2.9 §2.9.3). Each goes over a connection of its own.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { PipehatError } from '../errors.ts';
import type { Ack } from '../hl7/ack.ts';
import type { Header } from '../hl7/header.ts';
import type { MllpReceiver } from '../mllp/dial.ts';
import { createFramer, frame } from '../mllp/framing.ts';
import { type Wanted, wanted, wants } from '../pipeline/acknowledge.ts';

/** An answer is an ACK; what is longer isn't one. */
const MOST_ANSWER_BYTES = 1024 * 1024;

/** What a message asks for, where that may be other than one answer. */
export function asksForOthers(header: Header | undefined): Wanted | undefined {
  const want =
    header &&
    wanted(
      { mode: 'auto', when: 'stored', timeout_ms: 0, application_to: undefined, only_aa: false },
      header,
    );
  if (want === undefined) return undefined;
  const always = [want.accept, want.application].filter((condition) => condition === 'AL').length;
  const never = [want.accept, want.application].filter((condition) => condition === 'NE').length;
  return always === 1 && never === 1 ? undefined : want;
}

/**
 * Sends one message, and gives its ACKs in order: an application ACK is the last, and so is an accept ACK that refuses, or
 * that nothing is to follow. Where silence means success, `timeout_ms` of it end the waiting; where nothing is to come, nobody
 * waits. `read` gives the ACK, and throws where it is that of another message. Throws `mllp-unreachable`, `mllp-no-answer`.
 */
export async function sendEnhanced(
  bytes: Uint8Array,
  want: Wanted,
  read: (answer: Buffer) => Ack,
  { host, port, connect_timeout_ms: timeout_ms }: MllpReceiver,
  interrupted: AbortSignal,
): Promise<Ack[]> {
  const silent = !wants(want.accept, true) && !wants(want.application, true);
  const noAnswer = (reason: string) => new PipehatError('mllp-no-answer', { host, port, reason });
  const framed = frame(bytes);
  const socket = await open(host, port, timeout_ms);
  const acks: Ack[] = [];
  const done = Promise.withResolvers<void>();
  const framer = createFramer({ max_bytes: MOST_ANSWER_BYTES });
  const late = setTimeout(() => {
    if (silent && acks.length === 0) done.resolve();
    else done.reject(noAnswer(`none within ${timeout_ms} ms`));
  }, timeout_ms);
  const interrupt = (): void => done.reject(noAnswer('interrupted'));
  interrupted.addEventListener('abort', interrupt);
  socket.on('error', (error: NodeJS.ErrnoException) => done.reject(noAnswer(error.code ?? error.name)));
  socket.on('close', () => done.reject(noAnswer('connection closed by the receiver')));
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const event of framer.push(chunk)) {
        if (event.kind !== 'frame') continue;
        const ack = read(event.bytes);
        acks.push(ack);
        if (isLast(ack, want)) done.resolve();
      }
    } catch (error) {
      done.reject(error);
    }
  });
  try {
    socket.write(framed);
    if (want.accept === 'NE' && want.application === 'NE') {
      socket.end();
      await once(socket, 'finish');
    } else await done.promise;
    return acks;
  } finally {
    // Nobody may be waiting for it any more.
    done.promise.catch(() => undefined);
    clearTimeout(late);
    interrupted.removeEventListener('abort', interrupt);
    socket.destroy();
  }
}

function isLast({ code }: Ack, { application }: Wanted): boolean {
  return code !== 'CA' || application === 'NE';
}

async function open(host: string, port: number, timeout_ms: number): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeout_ms) });
    return socket;
  } catch (error) {
    socket.destroy();
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).name;
    throw new PipehatError('mllp-unreachable', { host, port, reason });
  }
}
