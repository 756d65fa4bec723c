/** The sender of large messages: one connection, one message at a time, each with a document of its own. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { serve } from './child.ts';
import { framed, onFrame } from './frames.ts';

let socket: Socket;
let number = 0;
let answered: (ack: Buffer) => void = () => {};

/** A result of the LAB with a PDF in base64 of about so many bytes. Random bytes: like a PDF, they do not shrink. */
function report(bytes: number): Buffer {
  number += 1;
  const base64 = randomBytes(Math.floor(bytes / 4) * 3).toString('base64');
  return framed(
    [
      `MSH|^~\\&|LAB|GHH|PIPEHAT|GHH|20260101120000||ORU^R01|LARGE${number}|P|2.5.1`,
      `PID|1||L${number}^^^GHH^MR||Winterfrost^Ottilie`,
      `OBR|1|P${number}^HIS|F${number}^LAB|11502-2^Laboratory report^LN|||20260101110000|||||||||||||||20260101120000||LAB|F`,
      `OBX|1|ED|11502-2^Laboratory report^LN||^AP^PDF^Base64^${base64}||||||F\r`,
    ].join('\r'),
  );
}

const answers = {
  async start(address: string): Promise<void> {
    const [host, port] = address.split(':');
    socket = connect({ host: host!, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    onFrame(socket, (ack) => answered(ack));
  },
  /** Sends one, and resolves when it is answered AA. Times on the clock that all processes share. */
  async send(bytes: number): Promise<{ started_ms: number; ack_ms: number }> {
    const message = report(bytes);
    const { promise, resolve } = Promise.withResolvers<Buffer>();
    answered = resolve;
    const started = performance.now();
    socket.write(message);
    if (!(await promise).includes('\rMSA|AA|')) throw new Error('a large message was not answered AA');
    return { started_ms: performance.timeOrigin + started, ack_ms: performance.now() - started };
  },
  stop: () => socket?.destroy(),
};

/** What the process of the large messages answers. */
export type LargeSenderAnswers = typeof answers;

serve(answers);
