/** An MLLP listener: messages in, answers out. It knows bytes only; what they mean is `answer`'s business. */
import type { ConnectionRefusal } from '../component.ts';
import { createListener, type Listener } from '../network/listener.ts';
import type { ListeningOptions } from '../network/options.ts';
import { type MllpConversation, serveConnection } from './connection.ts';

/** What a listener needs. */
export interface MllpServerOptions extends MllpConversation, ListeningOptions {
  /** Called when the number of open connections changes. */
  connections(open: number): void;
  refused(reason: ConnectionRefusal): void;
  certificate(ends: Date): void;
  /** The options as they are now, references resolved anew. */
  reread(): ListeningOptions;
}

/** A listener, not yet listening. Throws `option-wrong` and `tls-certificate-wrong`. */
export function createMllpServer(options: MllpServerOptions): Listener {
  return createListener(options, {
    ...options,
    serve(socket, ends) {
      const { connection, remote } = ends;
      return serveConnection(socket, ends, { ...options, log: options.log.with({ connection, remote }) });
    },
  });
}
