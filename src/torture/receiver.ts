/**
 * The kit as the receiver that an engine's sender talks to. A case watches for the messages that it sent through the feed and
 * answers each arrival as it likes, or not at all; whatever else arrives is left over from before, and gets AA.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { PipehatError } from '../errors.ts';
import { type Block, block, firstBlock } from './wire.ts';

/** One message that arrived, once. */
export interface Arrival {
  readonly control_id: string;
  /** Latin-1: one character a byte. */
  readonly text: string;
  /** What stood before its block. */
  readonly before: Buffer;
  /** Number of the connection it came over. */
  readonly connection: number;
  /** An acknowledgement in a block: of this message, unless `changes` say otherwise. */
  answer(changes?: { readonly code?: string; readonly control_id?: string }): Buffer;
  /** Sends bytes as they are. */
  write(bytes: Uint8Array): void;
  /** Closes the connection (FIN), once what was written is sent. */
  end(): void;
  /** Closes it without a word (RST). */
  reset(): void;
}

/** The kit as receiver. */
export interface KitReceiver {
  /** Listens, at the same port each time. Rejects with `port-in-use` or `port-not-opened`. */
  start(): Promise<void>;
  /** Closes port and connections. */
  stop(): Promise<void>;
  /** The port, once started. */
  readonly port: number;
  /** From now on these control ids are a case's. What was watched before and not answered gets AA; who waits for it waits no more. */
  watch(control_ids: readonly string[]): void;
  /** The next arrival that is watched; undefined when none comes in time. */
  next(within_ms: number): Promise<Arrival | undefined>;
}

/** A receiver, not yet listening. Port 0 takes a free one. */
export function createKitReceiver(host: string, port: number): KitReceiver {
  let server: Server | undefined;
  let bound = port;
  let watched: ReadonlySet<string> = new Set();
  let arrivals: Arrival[] = [];
  let wake = (): void => undefined;
  let connections = 0;
  let watches = 0;
  const sockets = new Set<Socket>();

  const take = (arrival: Arrival): void => {
    if (!watched.has(arrival.control_id)) {
      arrival.write(arrival.answer());
      return;
    }
    arrivals.push(arrival);
    wake();
  };

  const serve = (socket: Socket): void => {
    const connection = ++connections;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // The peer may reset at any time: it then sends again, and that is seen.
    socket.on('error', () => socket.destroy());
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (let found = firstBlock(rest); found !== undefined; found = firstBlock(rest)) {
        rest = found.rest;
        take(arrivalOf(found.block, socket, connection));
      }
    });
  };

  return {
    get port() {
      return bound;
    },
    async start() {
      const opened = createServer({ noDelay: true }, serve);
      opened.listen(bound, host);
      try {
        await once(opened, 'listening');
      } catch (cause) {
        const reason = (cause as NodeJS.ErrnoException).code;
        const code = reason === 'EADDRINUSE' ? 'port-in-use' : 'port-not-opened';
        throw new PipehatError(code, { host, port: bound, reason }, { cause });
      }
      bound = (opened.address() as AddressInfo).port;
      server = opened;
    },
    async stop() {
      if (server === undefined) return;
      const closed = once(server, 'close');
      server.close();
      server = undefined;
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    watch(control_ids) {
      watched = new Set(control_ids);
      const left = arrivals;
      arrivals = [];
      watches += 1;
      wake();
      for (const arrival of left) arrival.write(arrival.answer());
    },
    async next(within_ms) {
      const deadline = performance.now() + within_ms;
      const watch = watches;
      while (watch === watches && arrivals.length === 0) {
        const left = deadline - performance.now();
        if (left <= 0) return undefined;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return watch === watches ? arrivals.shift() : undefined;
    },
  };
}

function arrivalOf({ bytes, before }: Block, socket: Socket, connection: number): Arrival {
  const text = bytes.toString('latin1');
  const field = text[3] ?? '|';
  const msh = (text.split(/[\r\n]/, 1)[0] ?? '').split(field);
  const control_id = msh[9] ?? '';
  return {
    control_id,
    text,
    before,
    connection,
    answer({ code = 'AA', control_id: named = control_id } = {}) {
      const encoding = msh[1] ?? '^~\\&';
      const [sender = '', facility = '', receiver = '', theirs = ''] = msh.slice(2, 6);
      const head = ['MSH', encoding, receiver, theirs, sender, facility, msh[6] ?? '', '', 'ACK'];
      const segments = [
        [...head, `K${control_id}`.slice(0, 20), msh[10] ?? '', msh[11] ?? ''],
        ['MSA', code, named],
      ];
      return block(Buffer.from(segments.map((fields) => `${fields.join(field)}\r`).join(''), 'latin1'));
    },
    write(bytes) {
      if (socket.writable) socket.write(bytes);
    },
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
  };
}
