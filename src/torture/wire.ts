/**
 * The kit's own wire: one connection, raw bytes out, MLLP blocks in. It shares nothing with the engine's MLLP code, so that a
 * mistake in one isn't forgiven by the other. It sends whatever a case wants, also what no sender should.
 */
import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { counted, shown } from './shown.ts';
import { failed } from './verdict.ts';

/** Where something listens, and how it is talked to. */
export interface Peer {
  readonly host: string;
  readonly port: number;
  /** Absent for plain TCP. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'cert' | 'key'> | undefined;
}

/** One block that arrived. */
export interface Block {
  /** What stood between VT and FS CR. */
  readonly bytes: Buffer;
  /** What stood before VT, and belongs to no block. */
  readonly before: Buffer;
}

/** One connection. */
export interface Line {
  /** Sends bytes as they are; resolves when the system has taken them. Does nothing once the peer has closed. */
  write(bytes: Uint8Array): Promise<void>;
  /** The next block. Throws a `Finding` (fail) when none comes in time, or the connection ends before. */
  read(within_ms?: number): Promise<Block>;
  /** The next block, or undefined when none comes in time or the connection ends before. */
  poll(within_ms: number): Promise<Block | undefined>;
  /** Reads no more, until `listen`: what arrives stays in the system's buffers. */
  deafen(): void;
  listen(): void;
  /** Says that no more is sent (FIN); what comes is still read. */
  end(): void;
  /** Closes without a word (RST). */
  reset(): void;
  /** Closes; resolves when it is closed. */
  close(): Promise<void>;
  /** How it ended, when it did: `closed`, `ECONNRESET`. */
  readonly over: string | undefined;
  /** Resolves when the connection is over, or after so long. */
  ended(within_ms: number): Promise<void>;
  /** Blocks that arrived and were not read. */
  readonly pending: number;
  /** What arrived and is no whole block yet. */
  readonly rest: Buffer;
}

const VT = 0x0b;
const END = Buffer.from([0x1c, 0x0d]);

/** Puts bytes between VT and FS CR. */
export function block(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([VT]), bytes, END]);
}

/** Cuts blocks out of a stream: give it all bytes so far, and it takes the first block off, with what follows. */
export function firstBlock(bytes: Buffer): { block: Block; rest: Buffer } | undefined {
  const start = bytes.indexOf(VT);
  const end = start === -1 ? -1 : bytes.indexOf(END, start);
  if (end === -1) return undefined;
  return {
    block: { before: bytes.subarray(0, start), bytes: bytes.subarray(start + 1, end) },
    rest: bytes.subarray(end + END.length),
  };
}

/** Opens a connection. Throws a `Finding` (fail) when that isn't possible within `timeout_ms`. */
export async function openLine(peer: Peer, timeout_ms: number): Promise<Line> {
  const { host, port, tls } = peer;
  const socket =
    tls === undefined
      ? connectTcp({ host, port, noDelay: true, allowHalfOpen: true })
      : connectTls({ host, port, ...tls, ...(isIP(host) ? {} : { servername: host }) });
  socket.setNoDelay(true);
  const ready = once(socket, tls === undefined ? 'connect' : 'secureConnect', {
    signal: AbortSignal.timeout(timeout_ms),
  });
  try {
    await ready;
  } catch (error) {
    socket.destroy();
    const { code, name } = error as NodeJS.ErrnoException;
    throw failed(`no connection to ${host}:${port} (${code ?? name})`);
  }
  return lineOf(socket, timeout_ms, tls === undefined);
}

function lineOf(socket: Socket, timeout_ms: number, isPlain: boolean): Line {
  let rest: Buffer = Buffer.alloc(0);
  let pieces: Buffer[] = [];
  const blocks: Block[] = [];
  let over: string | undefined;
  let wake = (): void => undefined;

  const finish = (how: string): void => {
    over ??= how;
    wake();
  };
  socket.on('data', (chunk: Buffer) => {
    pieces.push(chunk);
    // Whole again only when a block may have ended: a large answer in small pieces stays linear.
    if (!chunk.includes(END[1]!)) return;
    rest = Buffer.concat([rest, ...pieces]);
    pieces = [];
    for (let found = firstBlock(rest); found !== undefined; found = firstBlock(rest)) {
      blocks.push(found.block);
      rest = found.rest;
    }
    wake();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.name));
  socket.on('end', () => finish('closed by the peer'));
  socket.on('close', () => finish('closed'));

  /** Waits until `done`, or the time is up. One caller at a time. */
  const until = async (done: () => boolean, within_ms: number): Promise<void> => {
    const deadline = performance.now() + within_ms;
    while (!done()) {
      const left = deadline - performance.now();
      if (left <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };

  const poll = async (within_ms: number): Promise<Block | undefined> => {
    await until(() => blocks.length > 0 || over !== undefined, within_ms);
    return blocks.shift();
  };

  return {
    async write(bytes) {
      if (socket.destroyed || socket.writableEnded) return;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          socket.off('close', done);
          resolve();
        };
        socket.once('close', done);
        socket.write(bytes, done);
      });
    },
    async read(within_ms = timeout_ms) {
      const found = await poll(within_ms);
      if (found !== undefined) return found;
      const left = Buffer.concat([rest, ...pieces]);
      const instead = left.length === 0 ? '' : `, but ${shown(left)} outside of a whole block`;
      throw failed(
        over === undefined
          ? `no answer within ${within_ms} ms${instead}`
          : `no answer, the connection ended (${over})${instead}`,
      );
    },
    poll,
    deafen: () => void socket.pause(),
    listen: () => void socket.resume(),
    end: () => void socket.end(),
    // Under TLS there is no way to reset; an end without close_notify is the nearest thing.
    reset: () => void (isPlain ? socket.resetAndDestroy() : socket.destroy()),
    async close() {
      if (socket.closed) return;
      socket.destroy();
      await once(socket, 'close');
    },
    get over() {
      return over;
    },
    get pending() {
      return blocks.length;
    },
    ended: (within_ms) => until(() => over !== undefined, within_ms),
    get rest() {
      return Buffer.concat([rest, ...pieces]);
    },
  };
}

/** How many blocks, and the first of them, in words. */
export function blocksShown(blocks: readonly Block[]): string {
  const [first] = blocks;
  return first === undefined
    ? 'no answer'
    : `${counted(blocks.length, 'answer')}, first ${shown(first.bytes)}`;
}
