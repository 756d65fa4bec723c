/** Every error of the API becomes a problem document (RFC 9457), or a page for a browser. Internals stay inside. */
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, PipehatError } from '../errors.ts';
import type { Log } from '../log.ts';
import { problemPage } from './page/problem.ts';
import type { Problem } from './problem.schema.ts';
import type { Api } from './typebox.ts';

const statuses: Partial<Record<ErrorCode, number>> = {
  'api-bad-request': 400,
  'api-unauthorized': 401,
  'api-foreign-page': 403,
  'api-not-found': 404,
  'api-message-not-found': 404,
  'api-wrong-host': 421,
  'api-internal': 500,
};

/** The problem document of an error: the codes of the API have their own status, the engine's go by their class. */
export function problemOf(error: PipehatError): Problem {
  const status = statuses[error.code] ?? (error.class === 'permanent' ? 409 : 503);
  return {
    type: `urn:pipehat:error:${error.code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code: error.code,
    detail: error.message,
    advice: error.advice,
  };
}

/** Does a person's browser ask for a page? */
export function wantsPage(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('text/html') ?? false;
}

/** Answers with the problem of `error`, as the caller likes to read it. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: PipehatError): FastifyReply {
  const problem = problemOf(error);
  reply.code(problem.status);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="pipehat"');
  return wantsPage(request)
    ? reply.type('text/html; charset=utf-8').send(problemPage(problem).text)
    : reply.type('application/problem+json').serializer(JSON.stringify).send(problem);
}

/** The error as one from the table. What is not from the table is logged, without its text: that may hold anything. */
export function known(error: FastifyError, route: string, log: Log): PipehatError {
  if (error instanceof PipehatError) return error;
  if (error.validation !== undefined) {
    return new PipehatError('api-bad-request', { found: foundBy(error) });
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new PipehatError('api-bad-request', { found: STATUS_CODES[error.statusCode] ?? 'unknown' });
  }
  const where = error.stack?.split('\n').find((line) => line.startsWith('    at '));
  log.error('request failed', {
    code: 'api-internal',
    route,
    error: error.code ?? error.name,
    where: where?.trim(),
  });
  return new PipehatError('api-internal');
}

/** Turns errors and unknown addresses into problems. */
export function addProblems(app: Api, log: Log): void {
  app.setErrorHandler<FastifyError>((error, request, reply) =>
    sendProblem(request, reply, known(error, `${request.method} ${request.routeOptions.url}`, log)),
  );
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, new PipehatError('api-not-found')));
}

/** Ajv's words name the place and the rule, not the value; an unknown parameter is named, since its name is the mistake. */
function foundBy(error: FastifyError): string {
  return (error.validation ?? [])
    .map(({ instancePath, message, params }) => {
      const extra = params.additionalProperty;
      const rule = extra === undefined ? message : `must not have "${String(extra)}"`;
      return [`${error.validationContext}${instancePath}`, rule].join(' ');
    })
    .join('; ');
}
