/** A connection to an MLLP receiver, with or without TLS: opened, or told why not. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContextOptions } from 'node:tls';
import { PipehatError } from '../errors.ts';

/** Where a receiver listens. */
export interface MllpReceiver {
  readonly host: string;
  readonly port: number;
  /** From the first packet to a connection that can be used, TLS handshake included. */
  readonly connect_timeout_ms: number;
  /** When a silent connection is probed, so that one whose receiver vanished without a word is found. Default: a minute. */
  readonly probe_after_ms?: number;
  /** Speak TLS, and verify the receiver's certificate. */
  readonly tls?: Tls | undefined;
}

/** How to speak TLS. */
export interface Tls {
  /** Certificates as they are at the moment: they may be renewed between two connections. */
  current(): SecureContextOptions;
  /** The name that the receiver's certificate must have. Default: the host. */
  readonly servername: string | undefined;
}

/** A connection on its way. */
export interface Dialled {
  readonly socket: Socket;
  /**
   * Rejects with `mllp-unreachable`, or with `tls-handshake-failed` once a connection was there; also when the socket is
   * destroyed before it can be used. Nothing was sent then.
   */
  readonly connected: Promise<void>;
}

const PROBE_AFTER_MS = 60_000;

/** Opens a connection. */
export function dial(receiver: MllpReceiver): Dialled {
  const { host, port, connect_timeout_ms, probe_after_ms = PROBE_AFTER_MS, tls } = receiver;
  const socket = open(receiver);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, probe_after_ms);
  const { promise: connected, resolve, reject } = Promise.withResolvers<void>();
  let reason = 'closed';
  let shaking = false;
  const late = setTimeout(() => {
    reason = `no connection within ${connect_timeout_ms} ms`;
    socket.destroy();
  }, connect_timeout_ms);
  socket.once('connect', () => {
    shaking = tls !== undefined;
  });
  socket.once('error', (error: NodeJS.ErrnoException) => {
    reason = error.code ?? error.name;
  });
  socket.once('close', () => {
    clearTimeout(late);
    reject(new PipehatError(shaking ? 'tls-handshake-failed' : 'mllp-unreachable', { host, port, reason }));
  });
  socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
    clearTimeout(late);
    resolve();
  });
  return { socket, connected };
}

function open({ host, port, tls }: MllpReceiver): Socket {
  if (tls === undefined) return connectTcp({ host, port });
  // An address is no server name (RFC 6066 §3); it is still looked for in the certificate.
  const servername = tls.servername ?? (isIP(host) === 0 ? host : undefined);
  return connectTls({
    ...{ host, port, ...tls.current() },
    // Said, so that no variable of the environment can switch it off.
    rejectUnauthorized: true,
    ...(servername === undefined ? {} : { servername }),
  });
}

/** Resolves when a connection can be opened, and closes it. Sends nothing. Rejects as `connected` does. */
export async function probe(receiver: MllpReceiver): Promise<void> {
  const { socket, connected } = dial(receiver);
  try {
    await connected;
  } finally {
    socket.destroy();
  }
}

/**
 * Does this error of an open TLS connection say that the receiver refuses our certificate? In TLS 1.3 it says so after the
 * handshake has ended for us (RFC 8446 §4.4.2.4), and before it looks at anything that we sent.
 */
export function refusesCertificate(error: NodeJS.ErrnoException): boolean {
  return /^ERR_SSL_.*ALERT_.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/.test(error.code ?? '');
}
