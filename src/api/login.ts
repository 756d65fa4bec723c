/** `/login` and `/logout`: how a person's browser gets in. */
import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import { PipehatError } from '../errors.ts';
import { isForeign } from './authentication.ts';
import type { ApiContext } from './context.ts';
import { loginPage } from './page/login.ts';
import type { Sessions } from './sessions.ts';
import type { Api } from './typebox.ts';

const Query = Type.Object({ to: Type.String({ default: '/', maxLength: 2000 }) });
const Form = Type.Object({ token: Type.String({ maxLength: 1000 }), to: Type.String({ maxLength: 2000 }) });

/** Routes of logging in and out. */
export function addLogin(app: Api, context: ApiContext, sessions: Sessions): void {
  const open = { config: { open: true } as const };
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: FastifyRequest, body: string | Buffer) =>
      Object.fromEntries(new URLSearchParams(String(body))),
  );

  app.get('/login', { ...open, schema: { hide: true, querystring: Query } }, (request, reply) =>
    reply.type('text/html; charset=utf-8').send(loginPage(request.query.to).text),
  );

  app.post('/login', { ...open, schema: { hide: true, body: Form } }, async (request, reply) => {
    if (isForeign(request)) throw new PipehatError('api-foreign-page');
    const { token, to } = request.body;
    const caller = await context.authorize(token.trim());
    if (caller === undefined) {
      return reply
        .code(401)
        .type('text/html; charset=utf-8')
        .send(loginPage(to, 'This token is not valid.').text);
    }
    return reply.header('set-cookie', sessions.open(caller)).redirect(localPath(to), 303);
  });

  app.post('/logout', { ...open, schema: { hide: true } }, async (request, reply) => {
    if (isForeign(request)) throw new PipehatError('api-foreign-page');
    return reply.header('set-cookie', sessions.close(request.headers.cookie)).redirect('/login', 303);
  });
}

/** The path and query of `to`, so that a link to `/login` can't lead elsewhere. */
export function localPath(to: string): string {
  const here = 'http://here.invalid';
  const url = URL.parse(to, here);
  return url?.origin === here && !url.pathname.startsWith('//') ? url.pathname + url.search : '/';
}
