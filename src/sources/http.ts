/**
 * HL7 v2 messages over HTTP: the message is the body of a POST, its ACK that of the answer. As HAPI's "HL7 over HTTP" has
 * it (§2.6), the status tells how the transport went: every answer with an ACK of the channel is 200, be it AA or AR. Where
 * the sender asks for none (MSH-15 and MSH-16), it is 204.
 */
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import Type, { type Static } from 'typebox';
import { defineSource, type Source, type SourceContext } from '../component.ts';
import { createListener } from '../network/listener.ts';
import { listening } from '../network/options.ts';
import { acceptBatches } from './batch.ts';
import { type HttpConnection, serveHttp } from './http-connection.ts';

const options = Type.Object(
  {
    ...listening,
    path: Type.String({ pattern: '^/[^?#\\s]*$', default: '/', description: 'Path that takes messages.' }),
    token: Type.Optional(
      Type.String({
        secret: true,
        minLength: 16,
        description:
          'What senders must show, as authorization: Bearer TOKEN. Always a reference. Without the option they show nothing.',
      }),
    ),
    max_bytes: Type.Integer({
      minimum: 1,
      default: 64 * 1024 * 1024,
      description: 'A longer message is answered 413, with an ACK AR, before all of it has come.',
    }),
    request_timeout_ms: Type.Integer({
      minimum: 1,
      maximum: 3_600_000,
      default: 60_000,
      description:
        'A connection over which no whole request comes for so long is closed. One that comes at 16 kB a second or faster may take longer.',
    }),
  },
  { additionalProperties: false },
);

/** Options of the source `http`. */
export type HttpOptions = Static<typeof options>;

/** The source `http`. */
export const http = defineSource({
  type: 'http',
  summary: 'Listens for HL7 v2 messages over HTTP (POST, application/hl7-v2), and answers each with its ACK.',
  options,
  resources: ({ port }) => (port === 0 ? [] : [`tcp:${port}`]),
  create: createHttpSource,
});

function createHttpSource(chosen: HttpOptions, context: SourceContext): Source {
  const open = new Map<Socket, HttpConnection>();
  // It doesn't listen: connections come from the listener, as they may be refused there. Timeouts are those of `serveHttp`.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) =>
    open.get(request.socket)?.take(request, response),
  );
  return createListener(chosen, {
    ...context,
    reread: () => context.reread() as HttpOptions,
    serve(socket, ends) {
      const { accept, refuse } = context;
      const batches = { ...context, accept: acceptBatches(accept, refuse) };
      const served = serveHttp(socket, { protocol: 'http', ...ends }, chosen, batches);
      open.set(socket, served);
      socket.once('close', () => open.delete(socket));
      server.emit('connection', socket);
      return served;
    },
  });
}
