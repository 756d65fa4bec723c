/** The pages for people: `/` and `/messages/:id`, and the files that they use. */
import { readFile } from 'node:fs/promises';
import { PipehatError } from '../errors.ts';
import { callerOf } from './authentication.ts';
import type { ApiContext } from './context.ts';
import { MessageId, TraceQuery } from './messages.schema.ts';
import { statusPage } from './page/status.ts';
import { tracePage } from './page/trace.ts';
import type { Api } from './typebox.ts';

const shownMessages = 20;

const assets = {
  'pipehat.css': 'text/css; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/** Routes of pages. */
export async function addPages(app: Api, context: ApiContext): Promise<void> {
  for (const [name, type] of Object.entries(assets)) {
    const file = await readFile(new URL(`assets/${name}`, import.meta.url));
    app.get(`/assets/${name}`, { config: { open: true }, schema: { hide: true } }, (_request, reply) =>
      reply.type(type).header('cache-control', 'no-cache').send(file),
    );
  }

  app.get('/', { schema: { hide: true } }, async (_request, reply) => {
    const [status, messages] = await Promise.all([
      context.status(),
      context.messages({ limit: shownMessages }),
    ]);
    return reply.type('text/html; charset=utf-8').send(statusPage(status, messages).text);
  });

  app.get(
    '/messages/:id',
    { schema: { hide: true, params: MessageId, querystring: TraceQuery } },
    async (request, reply) => {
      const { bodies } = request.query;
      const trace = await context.trace(request.params.id, { bodies, by: callerOf(request) });
      if (trace === undefined) throw new PipehatError('api-message-not-found');
      return reply.type('text/html; charset=utf-8').send(tracePage(trace, bodies).text);
    },
  );
}
