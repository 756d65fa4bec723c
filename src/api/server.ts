/** The HTTP server: probes, metrics, REST API, Bull Board and status page. It binds where it is told, loopback as a rule. */
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { PipehatError } from '../errors.ts';
import { addAuthentication } from './authentication.ts';
import type { ApiContext } from './context.ts';
import { addSecurityHeaders } from './headers.ts';
import { addHealth } from './health.ts';
import { addHostCheck } from './hosts.ts';
import { addLogin } from './login.ts';
import { addMessages } from './messages.ts';
import { addOpenapi } from './openapi.ts';
import { addPages } from './pages.ts';
import { addProblems } from './problems.ts';
import { addQueues } from './queues.ts';
import { createSessions } from './sessions.ts';
import { addStatus } from './status.ts';
import type { Api } from './typebox.ts';

/** Where to listen, and as whom. */
export interface ApiOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Names beside localhost under which browsers and programs reach this server. */
  readonly host_names: readonly string[];
  /** Version of Pipehat, for the API's description. */
  readonly version: string;
}

/** A running HTTP server. */
export interface ApiServer {
  /** Resolves when requests are answered. Rejects with `port-in-use` or `port-not-allowed`. */
  start(): Promise<void>;
  /** Takes no new request, waits for answers under way (at most `deadline_ms`), closes. */
  stop(deadline_ms: number): Promise<void>;
  /** `host:port` where it listens, once started. */
  readonly address: string;
  /** For tests: requests without a socket. */
  readonly app: Pick<FastifyInstance, 'inject'>;
}

/** Builds the server. Nothing is opened before `start`. */
export function createApi(options: ApiOptions, context: ApiContext): ApiServer {
  const app: Api = fastify({
    bodyLimit: 64 * 1024,
    // An unknown parameter is a mistake to be told, not to be dropped: a misspelt filter would list everything.
    ajv: { customOptions: { removeAdditional: false } },
  });
  const sessions = createSessions(Date.now);
  addSecurityHeaders(app);
  addHostCheck(app, options.host_names);
  addAuthentication(app, context, sessions);
  addProblems(app, context.log);
  app.register(async (routes: Api) => {
    await addOpenapi(routes, options.version);
    addHealth(routes, context);
    addStatus(routes, context);
    addMessages(routes, context);
    addLogin(routes, context, sessions);
    await addPages(routes, context);
    addQueues(routes, context);
  });

  return {
    app,
    async start() {
      try {
        await app.listen({ host: options.host, port: options.port });
      } catch (error) {
        throw listenError(error, options);
      }
    },
    async stop(deadline_ms) {
      const force = setTimeout(() => app.server.closeAllConnections(), deadline_ms);
      await app.close().finally(() => clearTimeout(force));
    },
    get address() {
      const { address, family, port } = app.server.address() as AddressInfo;
      return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
    },
  };
}

function listenError(error: unknown, { host, port }: ApiOptions): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return new PipehatError('port-in-use', { host, port }, { cause: error });
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
    return new PipehatError('port-not-allowed', { host, port }, { cause: error });
  }
  return error;
}
