/** `/v1/messages`: find, trace and replay. */
import { Readable } from 'node:stream';
import { PipehatError } from '../errors.ts';
import { callerOf } from './authentication.ts';
import type { ApiContext } from './context.ts';
import {
  Bytes,
  MessageFilter,
  MessageId,
  MessageList,
  Replay,
  Trace,
  TraceQuery,
} from './messages.schema.ts';
import { problemResponses } from './problem.schema.ts';
import type { Api } from './typebox.ts';

/** Routes of messages. */
export function addMessages(app: Api, context: ApiContext): void {
  app.get(
    '/v1/messages',
    {
      schema: {
        summary: 'Messages, newest first.',
        querystring: MessageFilter,
        response: { 200: MessageList, ...problemResponses },
      },
    },
    async (request) => ({ messages: await context.messages(request.query) }),
  );

  app.get(
    '/v1/messages/:id',
    {
      schema: {
        summary: 'The whole life of one message.',
        params: MessageId,
        querystring: TraceQuery,
        response: { 200: Trace, ...problemResponses },
      },
    },
    async (request) => {
      const trace = await context.trace(request.params.id, {
        bodies: request.query.bodies,
        by: callerOf(request),
      });
      if (trace === undefined) throw new PipehatError('api-message-not-found');
      return trace;
    },
  );

  app.get(
    '/v1/messages/:id/bytes',
    {
      schema: {
        summary:
          'One message exactly as it was received, attachments included. It holds PHI; asking is audited.',
        params: MessageId,
        produces: ['application/octet-stream'],
        response: { 200: Bytes, ...problemResponses },
      },
    },
    async (request, reply) => {
      const message = await context.bytes(request.params.id, callerOf(request));
      if (message === undefined) throw new PipehatError('api-message-not-found');
      return reply
        .type('application/octet-stream')
        .header('content-length', message.size)
        .header('content-disposition', `attachment; filename="${request.params.id}.hl7"`)
        .send(Readable.from(message.read(), { objectMode: false }));
    },
  );

  app.post(
    '/v1/messages/:id/replay',
    {
      schema: {
        summary: 'Deliver a message once more.',
        params: MessageId,
        response: { 202: Replay, ...problemResponses },
      },
    },
    async (request, reply) => {
      const replay = await context.replay(request.params.id, callerOf(request));
      if (replay === undefined) throw new PipehatError('api-message-not-found');
      return reply.code(202).send(replay);
    },
  );
}
