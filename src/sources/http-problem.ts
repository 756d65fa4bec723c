/** How the source `http` says that a request is no message: as a problem document (RFC 9457). */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { ErrorCode, PipehatError } from '../errors.ts';

const statuses: Partial<Record<ErrorCode, number>> = {
  'http-message-empty': 400,
  'http-unauthorized': 401,
  'http-not-found': 404,
  'http-wrong-method': 405,
  'http-message-late': 408,
  'http-wrong-type': 415,
};

/** Answers with the problem of `error`. */
export function sendProblem(response: ServerResponse, error: PipehatError): void {
  const status = statuses[error.code] ?? 500;
  const body = JSON.stringify({
    type: `urn:pipehat:error:${error.code}`,
    title: STATUS_CODES[status],
    status,
    code: error.code,
    detail: error.message,
    advice: error.advice,
  });
  if (status === 401) response.setHeader('www-authenticate', 'Bearer realm="pipehat"');
  if (status === 405) response.setHeader('allow', 'POST');
  response.writeHead(status, { 'content-type': 'application/problem+json' }).end(body);
}
