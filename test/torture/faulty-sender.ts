/**
 * A small engine in memory: what comes into its feed it acknowledges, and sends on, one message at a time, again until it is accepted.
 * On demand it does one thing wrong. Nothing of Pipehat's code is in it.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What can be wrong with it. */
export interface SenderFaults {
  /** Takes any block for the answer to what it sent last. */
  readonly ignoresControlId?: boolean;
  /** Takes any block with MSA for AA. */
  readonly ignoresCode?: boolean;
  /** Takes whatever comes for AA. */
  readonly creditsAnything?: boolean;
  /** Goes on to the next message after a trouble. */
  readonly givesUp?: boolean;
  /** Sends the next message first after a trouble. */
  readonly losesOrder?: boolean;
  /** Each read is a whole answer, or none. */
  readonly readIsAnswer?: boolean;
  /** Closes when anything stands around an answer. */
  readonly fussy?: boolean;
  /** Sends each message twice. */
  readonly repeats?: boolean;
  /** Drops what it can't send at once. */
  readonly needsReceiver?: boolean;
  /** Cuts long fields. */
  readonly cutsFields?: boolean;
}

/** An engine that runs. */
export interface FaultySender {
  /** The port of its feed. */
  readonly port: number;
  stop(): Promise<void>;
}

const ANSWER_MS = 400;
const RETRY_MS = 10;

/** Starts one that sends to `to`. */
export async function startSender(to: number, faults: SenderFaults): Promise<FaultySender> {
  const queue: string[] = [];
  const sockets = new Set<Socket>();
  let running = true;
  let line: Socket | undefined;
  let inbox = '';

  const feed = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      const frames = (text + chunk).split('\x1c\r');
      text = frames.pop()!;
      for (const frame of frames) {
        const message = frame.slice(1);
        queue.push(
          faults.cutsFields === true
            ? message.replace(/[^|\r]{1000,}/g, (field) => field.slice(0, 1000))
            : message,
        );
        socket.write(`\x0bMSH|^~\\&|E||||1||ACK|1|T|2.5.1\rMSA|AA|${idOf(message)}\r\x1c\r`);
      }
    });
  });
  feed.listen(0, '127.0.0.1');
  await once(feed, 'listening');

  const open = async (): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port: to });
    sockets.add(socket);
    inbox = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      inbox = faults.readIsAnswer === true ? chunk : inbox + chunk;
    });
    socket.on('error', () => socket.destroy()).on('end', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    await once(socket, 'connect');
    return socket;
  };

  /** Whether the message was accepted. */
  const send = async (message: string): Promise<boolean> => {
    if (line === undefined || line.destroyed) line = await open();
    // What an earlier exchange left behind is an answer to nothing, for those who look.
    if (faults.ignoresControlId !== true) inbox = '';
    line.write(`\x0b${message}\x1c\r`);
    if (faults.repeats === true) line.write(`\x0b${message}\x1c\r`);
    for (const deadline = performance.now() + ANSWER_MS; performance.now() < deadline; await sleep(1)) {
      if (faults.creditsAnything === true && inbox !== '') return true;
      const answer = /\x0b([^\x1c]*)\x1c\r/.exec(inbox);
      if (answer === null && line.destroyed) return false;
      if (answer === null) continue;
      const isBare = answer[0].length === inbox.length;
      inbox = inbox.slice(answer.index + answer[0].length);
      const [, code = '', id = ''] = /\rMSA\|([^|]*)\|([^|\r]*)/.exec(answer[1]!) ?? [];
      if (faults.fussy === true && !isBare) return false;
      if (faults.ignoresControlId !== true && id !== idOf(message)) return false;
      return faults.ignoresCode === true || /^[AC][AER]$/.test(code);
    }
    return false;
  };

  const work = async (): Promise<void> => {
    while (running) {
      const message = queue.shift();
      if (message === undefined) {
        await sleep(1);
        continue;
      }
      const accepted = await send(message).catch(() => (faults.needsReceiver === true ? true : undefined));
      if (accepted === true || (accepted === false && faults.givesUp === true)) continue;
      line?.destroy();
      if (faults.losesOrder === true) queue.splice(1, 0, message);
      else queue.unshift(message);
      await sleep(RETRY_MS);
    }
  };
  const worked = work();

  return {
    port: (feed.address() as AddressInfo).port,
    async stop() {
      running = false;
      await worked;
      for (const socket of sockets) socket.destroy();
      const closed = once(feed, 'close');
      feed.close();
      await closed;
    },
  };
}

function idOf(message: string): string {
  return message.split('\r', 1)[0]!.split('|')[9] ?? '';
}
