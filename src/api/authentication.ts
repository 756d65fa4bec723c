/**
 * Who may ask: callers with a bearer token (RFC 6750), and browsers that gave it once at `/login`. Every route needs it
 * but those whose config says `open`.
 */
import type { FastifyRequest } from 'fastify';
import { PipehatError } from '../errors.ts';
import type { ApiContext, Caller } from './context.ts';
import { sendProblem, wantsPage } from './problems.ts';
import type { Sessions } from './sessions.ts';
import type { Api } from './typebox.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers without a token. */
    open?: true;
  }
  interface FastifyRequest {
    /** Who asks; undefined on open routes only. */
    caller: Caller | undefined;
  }
}

/** Asks every request for a token or a session. Unknown addresses ask too: without one, nobody learns what exists. */
export function addAuthentication(app: Api, context: ApiContext, sessions: Sessions): void {
  app.decorateRequest('caller', undefined);
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.open) return;
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token !== undefined) {
      request.caller = await context.authorize(token);
    } else {
      request.caller = sessions.find(request.headers.cookie);
      if (request.caller !== undefined && isForeign(request)) throw new PipehatError('api-foreign-page');
    }
    if (request.caller !== undefined) return;
    if (request.method === 'GET' && wantsPage(request)) {
      return reply.redirect(`/login?to=${encodeURIComponent(request.url)}`, 303);
    }
    await sendProblem(request, reply, new PipehatError('api-unauthorized'));
    return reply;
  });
}

/**
 * Does a page of another origin send this change? SameSite=Strict doesn't answer that alone: another port of the same
 * host is the same site. Browsers send `Origin` with everything but GET and HEAD.
 */
export function isForeign(request: FastifyRequest): boolean {
  if (request.method === 'GET' || request.method === 'HEAD') return false;
  const { origin, host } = request.headers;
  return origin === undefined || URL.parse(origin)?.host !== host;
}

/** The caller of a route that isn't open. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === undefined) throw new PipehatError('api-unauthorized');
  return request.caller;
}
