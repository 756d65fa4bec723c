/** `/v1/status` for programs, `/metrics` for Prometheus. */
import Type from 'typebox';
import type { ApiContext } from './context.ts';
import { problemResponses } from './problem.schema.ts';
import { Status } from './status.schema.ts';
import type { Api } from './typebox.ts';

/** Routes of figures. */
export function addStatus(app: Api, context: ApiContext): void {
  app.get(
    '/v1/status',
    {
      schema: {
        summary: 'The site, its channels and destinations, with live figures.',
        response: { 200: Status, ...problemResponses },
      },
    },
    () => context.status(),
  );

  app.get(
    '/metrics',
    {
      schema: {
        summary: 'Figures in the text form of Prometheus.',
        response: { 200: { content: { 'text/plain': { schema: Type.String() } } }, ...problemResponses },
      },
    },
    async (_request, reply) =>
      reply.type('text/plain; version=0.0.4; charset=utf-8').send(await context.metrics()),
  );
}
