/** An MLLP listener: messages in, answers out. It knows bytes only; what they mean is `answer`'s business. */
import { createServer, type Socket } from 'node:net';
import { PipehatError } from '../errors.ts';
import { type MllpConversation, type ServedConnection, serveConnection } from './connection.ts';

/** What a listener needs. */
export interface MllpServerOptions extends MllpConversation {
  readonly host: string;
  /** 0 = a free one. */
  readonly port: number;
  /** A connection beyond these is closed at once, and logged. */
  readonly max_connections: number;
  /** Called when the number of open connections changes. */
  connections(open: number): void;
}

/** A listener. */
export interface MllpServer {
  /** Resolves when it listens. Rejects with `port-in-use`, `port-not-allowed` or `port-not-opened`. */
  start(): Promise<void>;
  /** Accepts and reads no more, answers what is under way, closes; what isn't answered after `deadline_ms` never is. */
  stop(deadline_ms: number): Promise<void>;
  /** `host:port`; the real port once started. */
  readonly address: string;
}

/** When a silent peer is probed, so that one that vanished without a word (a half-open connection) is found. */
const PROBE_AFTER_MS = 60_000;

/** A listener, not yet listening. */
export function createMllpServer(options: MllpServerOptions): MllpServer {
  const { host, port, max_connections, connections, log } = options;
  const open = new Set<ServedConnection>();
  let count = 0;

  const accept = (socket: Socket): void => {
    const connection = ++count;
    const remote = hostPort(socket.remoteAddress, socket.remotePort);
    const from = { local: hostPort(socket.localAddress, socket.localPort), remote, connection };
    const served = serveConnection(socket, from, { ...options, log: log.with({ connection, remote }) });
    open.add(served);
    connections(open.size);
    socket.on('close', () => {
      open.delete(served);
      connections(open.size);
    });
  };

  const server = createServer(
    { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS },
    accept,
  );
  server.maxConnections = max_connections;
  server.on('drop', (dropped) => {
    const remote = hostPort(dropped?.remoteAddress, dropped?.remotePort);
    log.warn('connection closed: max_connections are open', { remote, max_connections });
  });

  return {
    get address() {
      const bound = server.address();
      return bound === null || typeof bound === 'string'
        ? hostPort(host, port)
        : hostPort(bound.address, bound.port);
    },
    async start() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error) => reject(listenError(error, host, port)));
        server.listen(port, host, resolve);
      });
      server.removeAllListeners('error');
      server.on('error', (error: NodeJS.ErrnoException) =>
        log.error('listener failed', { reason: error.code }),
      );
    },
    async stop(deadline_ms) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const served of open) served.finish();
      const deadline = setTimeout(() => {
        for (const served of open) served.destroy();
      }, deadline_ms);
      await closed;
      clearTimeout(deadline);
    },
  };
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): PipehatError {
  const facts = { host, port, reason: error.code };
  if (error.code === 'EADDRINUSE') return new PipehatError('port-in-use', facts, { cause: error });
  if (error.code === 'EACCES') return new PipehatError('port-not-allowed', facts, { cause: error });
  return new PipehatError('port-not-opened', facts, { cause: error });
}

function hostPort(host = '?', port = 0): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
