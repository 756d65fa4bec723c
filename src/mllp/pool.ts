/** Several connections to one MLLP receiver: each message goes over one that is free. */
import { PipehatError } from '../errors.ts';
import { createMllpClient, type MllpClient, type MllpClientOptions } from './client.ts';
import { createReconnect } from './reconnect.ts';

/** What a pool needs. */
export interface MllpPoolOptions extends Omit<MllpClientOptions, 'reconnect'> {
  /** How many messages may be under way at once. A connection is opened when it is first needed. */
  readonly connections: number;
  /** From 0 to 1: spreads attempts to reach a receiver that is away. */
  readonly random: () => number;
}

/** Sends messages to one receiver, side by side. */
export interface MllpPool {
  /**
   * As `MllpClient.send`, after a wait for a free connection where all are busy. Where a connection can't be opened, whoever
   * waits for one hears of it too.
   */
  send: MllpClient['send'];
  /** Sends nothing more, waits for answers under way (at most `deadline_ms`), closes all connections. */
  close(deadline_ms: number): Promise<void>;
}

/** A pool, not yet connected. */
export function createMllpPool({ connections, random, ...options }: MllpPoolOptions): MllpPool {
  const { host, port } = options;
  const reconnect = createReconnect({ random });
  const clients = Array.from({ length: connections }, () => createMllpClient({ ...options, reconnect }));
  /** The one used last is used next: the receiver may close the others when idle. */
  const free = [...clients];
  const waiting: PromiseWithResolvers<MllpClient>[] = [];
  const underWay = new Set<Promise<unknown>>();
  let closed = false;

  const stopped = (): PipehatError => new PipehatError('mllp-unreachable', { host, port, reason: 'stopped' });

  const nextFree = (): MllpClient | Promise<MllpClient> => {
    const client = free.pop();
    if (client !== undefined) return client;
    const turn = Promise.withResolvers<MllpClient>();
    waiting.push(turn);
    return turn.promise;
  };

  const release = (client: MllpClient): void => {
    const turn = waiting.shift();
    if (turn === undefined) free.push(client);
    else turn.resolve(client);
  };

  return {
    async send(bytes, read) {
      if (closed) throw stopped();
      const client = await nextFree();
      const sent = client.send(bytes, read);
      underWay.add(sent);
      try {
        return await sent;
      } catch (error) {
        if (isUnreachable(error)) for (const turn of waiting.splice(0)) turn.reject(error);
        throw error;
      } finally {
        underWay.delete(sent);
        release(client);
      }
    },
    async close(deadline_ms) {
      closed = true;
      for (const turn of waiting.splice(0)) turn.reject(stopped());
      reconnect.stop(stopped());
      const closeAll = (): void => {
        for (const client of clients) client.close();
      };
      const deadline = setTimeout(closeAll, deadline_ms);
      await Promise.allSettled(underWay);
      clearTimeout(deadline);
      closeAll();
    },
  };
}

function isUnreachable(error: unknown): boolean {
  return error instanceof PipehatError && ['mllp-unreachable', 'tls-handshake-failed'].includes(error.code);
}
