/** `/healthz` and `/readyz`, open to probes without a token. */
import Type from 'typebox';
import type { ApiContext } from './context.ts';
import { Readiness } from './status.schema.ts';
import type { Api } from './typebox.ts';

/** Routes for probes. */
export function addHealth(app: Api, context: ApiContext): void {
  app.get(
    '/healthz',
    {
      config: { open: true },
      schema: {
        summary: 'Is the process alive?',
        security: [],
        response: { 200: Type.Object({ alive: Type.Boolean() }) },
      },
    },
    async () => ({ alive: true }),
  );

  app.get(
    '/readyz',
    {
      config: { open: true },
      schema: {
        summary: 'Can messages be taken? Checks the database, the queues and the listeners.',
        security: [],
        response: { 200: Readiness, 503: Readiness },
      },
    },
    async (_request, reply) => {
      const checks = await context.ready();
      const ready = checks.every(({ ok }) => ok);
      return reply.code(ready ? 200 : 503).send({ ready, checks });
    },
  );
}
