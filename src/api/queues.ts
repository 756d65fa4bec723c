/** `/queues`: Bull Board, to look at. Changing a queue there would leave no audit entry, so the board is read-only. */
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { FastifyError } from 'fastify';
import type { ApiContext } from './context.ts';
import { policyOfQueues } from './headers.ts';
import { known, problemOf } from './problems.ts';
import type { Api } from './typebox.ts';

/** Routes of Bull Board. */
export function addQueues(app: Api, context: ApiContext): void {
  app.register(
    async (board) => {
      board.addHook('onRequest', async (_request, reply) => {
        reply.header('content-security-policy', policyOfQueues);
      });
      const adapter = new FastifyAdapter().setBasePath('/queues');
      createBullBoard({
        queues: context.queues().map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
        // @bull-board/fastify brings its own copy of @bull-board/api, whose types differ in private members only.
        serverAdapter: adapter as unknown as Parameters<typeof createBullBoard>[0]['serverAdapter'],
        options: { uiConfig: { boardTitle: 'Pipehat queues', hideDocsLink: true } },
      });
      adapter.setErrorHandler((error) => {
        const problem = problemOf(known(error as FastifyError, '/queues', context.log));
        return { status: 500, body: problem };
      });
      await board.register(adapter.registerPlugin());
    },
    { prefix: '/queues' },
  );
}
