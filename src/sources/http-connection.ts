/** One connection of the source `http`: requests in, their ACKs out. */
import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Answer, Connection, SourceContext } from '../component.ts';
import { type ErrorCode, PipehatError } from '../errors.ts';
import type { ServedConnection } from '../network/listener.ts';
import { createPace } from '../network/pace.ts';
import type { HttpOptions } from './http.ts';
import { sendProblem } from './http-problem.ts';

/** A connection that is being served. */
export interface HttpConnection extends ServedConnection {
  take(request: IncomingMessage, response: ServerResponse): void;
}

/** The content type of HL7 v2 in its usual encoding, with parameters such as a charset. */
const CONTENT_TYPE = /^application\/hl7-v2\s*(;|$)/i;

/** How much of a message that is too large is shown: enough for its MSH. */
const HEAD_BYTES = 4096;

/**
 * How long the rest of a refused body is read and dropped. A socket closed with unread bytes is reset, and the sender
 * could lose the answer to it.
 */
const LINGER_MS = 500;

/** Serves `socket` until either end closes it. */
export function serveHttp(
  socket: Socket,
  from: Connection,
  options: HttpOptions,
  { accept, refuse, refused, memory, log }: SourceContext,
): HttpConnection {
  const { max_bytes, request_timeout_ms } = options;
  let under_way = 0;
  let finishing = false;
  /** Bytes of the body that is coming, and the response that it will have. */
  let coming = 0;
  let latest: { request: IncomingMessage; response: ServerResponse } | undefined;

  const pace = createPace({
    timeout_ms: request_timeout_ms,
    bytes: () => coming,
    late() {
      // Between requests, in the midst of headers or after an answer there is nothing to say.
      if (latest === undefined || latest.request.complete || latest.response.headersSent) socket.destroy();
      else turnAway(latest.request, latest.response, 'http-message-late', { request_timeout_ms });
    },
  });
  pace.begin();
  socket.once('close', () => pace.end());

  /** Says no before the body has come, and doesn't wait for it. */
  const turnAway = (
    request: IncomingMessage,
    response: ServerResponse,
    code: ErrorCode,
    facts: Record<string, string | number> = {},
  ): void => {
    log.warn('request refused', { code, remote: from.remote, connection: from.connection });
    sendProblem(response, new PipehatError(code, facts));
    linger(request);
  };

  const linger = (request: IncomingMessage): void => {
    request.removeAllListeners('data').resume();
    setTimeout(() => {
      if (!request.complete) socket.destroy();
    }, LINGER_MS).unref();
  };

  const answer = async (response: ServerResponse, type: string, status: number, made: Promise<Answer>) => {
    try {
      const { bytes, later, close } = await made;
      if (close) {
        log.error('a message could not be answered in the words that its sender reads, connection closed');
        socket.destroy();
        return;
      }
      // A response has room for one ACK: the application ACK, where that is the only one that is wanted.
      const ack = bytes ?? (await later?.ready);
      if (ack === undefined) response.writeHead(status === 200 ? 204 : status).end();
      else response.writeHead(status, { 'content-type': type, 'content-length': ack.length }).end(ack);
      const second = await later?.ready;
      if (second !== undefined) later!.sent(second === ack && !socket.destroyed);
    } catch (error) {
      // Without an answer the sender sends again: better than a wrong one.
      const reason = error instanceof PipehatError ? error.code : (error as Error).name;
      log.error('no answer could be given, connection closed', { reason });
      socket.destroy();
    }
  };

  const read = (request: IncomingMessage, response: ServerResponse, type: string): void => {
    const chunks: Buffer[] = [];
    let size = 0;
    const share = memory.share(() => {
      pace.resume();
      request.resume();
    });
    const tooLarge = (): void => {
      const error = new PipehatError('http-message-too-large', { max_bytes });
      void answer(
        response,
        type,
        413,
        refuse(error, Buffer.concat(chunks, Math.min(size, HEAD_BYTES)), from),
      );
      linger(request);
    };
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      coming = size;
      if (size > max_bytes) {
        share.end();
        tooLarge();
      } else if (!share.hold(0, size)) {
        pace.pause();
        request.pause();
      }
    });
    request.on('end', () => {
      if (response.headersSent || size > max_bytes) return;
      share.hold(size, 0);
      if (size === 0) sendProblem(response, new PipehatError('http-message-empty'));
      else void answer(response, type, 200, accept(Buffer.concat(chunks, size), from));
    });
    response.on('close', () => share.end());
  };

  return {
    take(request, response) {
      under_way++;
      coming = 0;
      latest = { request, response };
      if (finishing) response.shouldKeepAlive = false;
      request.on('end', () => pace.end());
      response.on('close', () => {
        under_way--;
        if (under_way > 0) return;
        if (finishing) socket.end();
        else pace.begin();
      });
      const type = request.headers['content-type'] ?? '';
      const problem = problemOf(request, options);
      if (problem === undefined) {
        read(request, response, type);
        return;
      }
      if (problem === 'http-unauthorized') refused('token');
      turnAway(request, response, problem, { path: options.path });
    },
    finish() {
      finishing = true;
      if (under_way === 0) socket.destroy();
      else if (latest !== undefined && !latest.response.headersSent) latest.response.shouldKeepAlive = false;
    },
  };
}

/** What is wrong with a request before its body has come. */
function problemOf(
  { url = '', method, headers }: IncomingMessage,
  { path, token }: HttpOptions,
): ErrorCode | undefined {
  if (token !== undefined && !isToken(headers.authorization, token)) return 'http-unauthorized';
  if (url.split('?', 1)[0] !== path) return 'http-not-found';
  if (method !== 'POST') return 'http-wrong-method';
  const encoding = headers['content-encoding'] ?? 'identity';
  if (!CONTENT_TYPE.test(headers['content-type'] ?? '') || encoding !== 'identity') return 'http-wrong-type';
  return undefined;
}

/** Compares hashes, which takes the same time whatever is right about the token (RFC 6750 §2.1 for its form). */
function isToken(authorization: string | undefined, token: string): boolean {
  const shown = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(hash('sha256', shown, 'buffer'), hash('sha256', token, 'buffer'));
}
