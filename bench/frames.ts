/** MLLP at its barest, for the ends that are not measured: no limits, no repair of broken streams. */
import type { Socket } from 'node:net';

const END = Buffer.from('\x1c\r');

/** Calls `take` with each message that arrives, without its frame. */
export function onFrame(socket: Socket, take: (message: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(END); end >= 0; end = rest.indexOf(END)) {
      take(rest.subarray(1, end));
      rest = rest.subarray(end + END.length);
    }
  });
}

/** A message as MLLP frames it. */
export function framed(message: Buffer | string): Buffer {
  return Buffer.concat([Buffer.from('\v'), Buffer.from(message), END]);
}

/** The framed AA for a message. */
export function accepted(message: Buffer): Buffer {
  // MSH-10 of what is always `|`-separated here.
  const control_id = message.toString('latin1', 0, 200).split('|', 10)[9];
  return framed(`MSH|^~\\&|||||20260101000000+0000||ACK|A${control_id}|P|2.5.1\rMSA|AA|${control_id}\r`);
}
