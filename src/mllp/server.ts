/** An MLLP listener: messages in, answers out. It knows bytes only; what they mean is `answer`'s business. */
import type { ConnectionRefusal } from '../component.ts';
import { createListener } from '../network/listener.ts';
import type { ListeningOptions } from '../network/options.ts';
import { type MllpConversation, type ServedConnection, serveConnection } from './connection.ts';

/** What a listener needs. */
export interface MllpServerOptions extends MllpConversation, ListeningOptions {
  /** Called when the number of open connections changes. */
  connections(open: number): void;
  refused(reason: ConnectionRefusal): void;
  certificate(ends: Date): void;
  /** The options as they are now, references resolved anew. */
  reread(): ListeningOptions;
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

/** A listener, not yet listening. Throws `option-wrong` and `tls-certificate-wrong`. */
export function createMllpServer(options: MllpServerOptions): MllpServer {
  const { log } = options;
  const open = new Set<ServedConnection>();
  const listener = createListener(options, {
    ...options,
    serve(socket, ends) {
      const { connection, remote } = ends;
      const served = serveConnection(socket, ends, { ...options, log: log.with({ connection, remote }) });
      open.add(served);
      socket.on('close', () => open.delete(served));
    },
  });

  return {
    get address() {
      return listener.address;
    },
    start: () => listener.start(),
    async stop(deadline_ms) {
      const closed = listener.close();
      for (const served of open) served.finish();
      const deadline = setTimeout(() => {
        for (const served of open) served.destroy();
      }, deadline_ms);
      await closed;
      clearTimeout(deadline);
    },
  };
}
