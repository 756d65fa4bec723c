/** A TCP port, with or without TLS: who may connect gets in, everybody else is refused, logged and counted. */
import { createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { ConnectionRefusal } from '../component.ts';
import { PipehatError } from '../errors.ts';
import type { Log } from '../log.ts';
import { hostPort, isLoopback } from './addresses.ts';
import { createAdmission } from './admission.ts';
import { createBursts } from './bursts.ts';
import { isAllowedCertificate } from './certificates.ts';
import { createCredentials } from './credentials.ts';
import type { ListenerTlsOptions, ListeningOptions } from './options.ts';

/** The ends of a connection. */
export interface ConnectionEnds {
  /** `host:port` of both ends. */
  readonly local: string;
  readonly remote: string;
  /** Number of the connection at this listener. */
  readonly connection: number;
}

/** A connection that is being served. */
export interface ServedConnection {
  /** Takes nothing more, answers what is under way, closes. */
  finish(): void;
}

/** What a listener needs beside its options. */
export interface ListenerContext {
  /** Serves a connection whose client is known to be allowed. It may be half-open: who serves it also ends it. */
  serve(socket: Socket, ends: ConnectionEnds): ServedConnection;
  /** Called when the number of open connections changes. */
  connections(open: number): void;
  refused(reason: ConnectionRefusal): void;
  certificate(ends: Date): void;
  /** The options as they are now, references resolved anew. */
  reread(): ListeningOptions;
  readonly log: Log;
  /** How often to look for renewed certificates. */
  readonly reload_ms?: number | undefined;
}

/** A listener. */
export interface Listener {
  /** Resolves when it listens. Rejects with `port-in-use`, `port-not-allowed` or `port-not-opened`. */
  start(): Promise<void>;
  /** Accepts no more, lets each connection finish; what isn't closed after `deadline_ms` is cut off. */
  stop(deadline_ms: number): Promise<void>;
  /** `host:port`; the real port once started. */
  readonly address: string;
}

/** A listener, not yet listening. Throws `option-wrong` and `tls-certificate-wrong`. */
export function createListener(options: ListeningOptions, context: ListenerContext): Listener {
  const { host, port, probe_after_ms, tls } = options;
  const { serve, connections, refused, log } = context;
  const admission = createAdmission(options);
  const say = createBursts(log);
  /** Connections whose TLS handshake is under way, by their remote end. */
  const shaking = new Map<string, Socket>();
  const open = new Map<Socket, ServedConnection>();
  let count = 0;

  const refuse = (reason: ConnectionRefusal, remote: string, why?: string): void => {
    refused(reason);
    say(reason, REFUSALS[reason], { reason, remote, why });
  };

  const serveNext = (socket: Socket): void => {
    const served = serve(socket, {
      local: hostPort(socket.localAddress, socket.localPort),
      remote: hostPort(socket.remoteAddress, socket.remotePort),
      connection: ++count,
    });
    open.set(socket, served);
    socket.once('close', () => open.delete(socket));
  };

  const secured =
    tls &&
    createSecured(tls, {
      ...context,
      refuse,
      serve(socket) {
        shaking.delete(hostPort(socket.remoteAddress, socket.remotePort));
        serveNext(socket);
      },
    });

  const accept = (socket: Socket): void => {
    // One that is gone already has no address, and is allowed nothing.
    const address = socket.remoteAddress ?? '';
    const remote = hostPort(address, socket.remotePort);
    const reason = admission.refusal(address);
    if (reason !== undefined) {
      refuse(reason, remote);
      socket.destroy();
      return;
    }
    connections(admission.open);
    socket.once('close', () => {
      shaking.delete(remote);
      admission.leave(address);
      connections(admission.open);
    });
    if (secured === undefined) {
      serveNext(socket);
      return;
    }
    shaking.set(remote, socket);
    secured.accept(socket);
  };

  const server = createTcpServer(
    // Over TLS, half-open only after the handshake: a client that goes away before would never be noticed.
    {
      allowHalfOpen: tls === undefined,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: probe_after_ms,
    },
    accept,
  );

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
      secured?.start();
      if (secured === undefined && !isLoopback(host)) {
        log.warn('listens to other machines without TLS: whoever is on the way can read patient data', {
          host,
        });
      }
    },
    async stop(deadline_ms) {
      secured?.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of shaking.values()) socket.destroy();
      for (const served of open.values()) served.finish();
      const deadline = setTimeout(() => {
        for (const socket of open.keys()) socket.destroy();
      }, deadline_ms);
      await closed;
      clearTimeout(deadline);
    },
  };
}

/** What the log says of each. */
const REFUSALS: Readonly<Record<ConnectionRefusal, string>> = {
  address: 'connection refused: its address is not in allow_addresses',
  max_connections: 'connection refused: max_connections are open',
  max_connections_per_address: 'connection refused: max_connections_per_address are open from there',
  handshake: 'connection refused: its TLS handshake failed',
  certificate: 'connection refused: its certificate is not in allow_certificates',
  token: 'request refused: it has no valid token',
};

interface SecuredContext extends Omit<ListenerContext, 'serve'> {
  serve(socket: Socket): void;
  refuse(reason: ConnectionRefusal, remote: string, why?: string): void;
}

/** TLS over the sockets that a listener accepted. */
function createSecured(tls: ListenerTlsOptions, context: SecuredContext) {
  const { serve, refuse, reread } = context;
  if (tls.allow_certificates !== undefined && tls.ca === undefined) {
    throw new PipehatError('option-wrong', {
      option: 'tls.allow_certificates',
      expected: 'must stand beside ca, which says who vouches for the certificates,',
    });
  }
  const credentials = createCredentials(tls, { ...context, read: () => reread().tls ?? tls });
  const mutual = { requestCert: tls.ca !== undefined, rejectUnauthorized: true };
  const server: TlsServer = createTlsServer({
    ...credentials.current,
    ...mutual,
    handshakeTimeout: tls.handshake_timeout_ms,
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    const certificate = socket.getPeerX509Certificate();
    const { allow_certificates } = tls;
    if (
      allow_certificates !== undefined &&
      !(certificate && isAllowedCertificate(certificate, allow_certificates))
    ) {
      refuse('certificate', hostPort(socket.remoteAddress, socket.remotePort), certificate?.fingerprint256);
      socket.destroy();
      return;
    }
    socket.allowHalfOpen = true;
    serve(socket);
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    refuse('handshake', hostPort(socket.remoteAddress, socket.remotePort), error.code ?? error.name);
    socket.destroy();
  });
  return {
    accept: (socket: Socket) => void server.emit('connection', socket),
    start: () => credentials.start((options) => server.setSecureContext(options)),
    stop: () => credentials.stop(),
  };
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): PipehatError {
  const facts = { host, port, reason: error.code };
  if (error.code === 'EADDRINUSE') return new PipehatError('port-in-use', facts, { cause: error });
  if (error.code === 'EACCES') return new PipehatError('port-not-allowed', facts, { cause: error });
  return new PipehatError('port-not-opened', facts, { cause: error });
}
