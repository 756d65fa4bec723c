/** A FHIR R4 server in memory: the receiving end of the demo, of trials and of tests. It forgets all when it ends. */
import type { AddressInfo } from 'node:net';
import { badRequest, notFound } from '@medplum/core';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import { PipehatError } from '../errors.ts';
import type { Log } from '../log.ts';
import { capabilityStatement } from './capabilities.ts';
import { indexDefinitions } from './definitions.ts';
import { Records } from './records.ts';
import { createResponder } from './requests.ts';

/** Where to listen. */
export interface SandboxOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly log: Log;
}

/** A FHIR server. */
export interface Sandbox {
  /** Resolves when requests are answered. Rejects with `port-in-use` or `port-not-allowed`. */
  start(): Promise<void>;
  /** Takes no new request, waits for answers under way (at most `deadline_ms`), closes. */
  stop(deadline_ms: number): Promise<void>;
  /** Base URL of the FHIR API, such as `http://127.0.0.1:8103/fhir/R4`, once started. */
  readonly address: string;
}

const BASE_PATH = '/fhir/R4';
const FHIR_JSON = 'application/fhir+json; charset=utf-8';
/** Room for a document of some 40 MB in base64. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** Builds a sandbox. Nothing is opened before `start`, which also takes about a second to read the definitions. */
export function createSandbox({ host, port, log }: SandboxOptions): Sandbox {
  const app = fastify({ bodyLimit: MAX_BODY_BYTES, exposeHeadRoutes: false });
  const records = new Records();
  let address = '';

  addBodyParsers(app);
  addFhirApi(app, records, () => address);
  addErrors(app, log);
  app.get('/', (_request, reply) => reply.type('text/plain; charset=utf-8').send(overview(records, address)));

  return {
    get address() {
      return address;
    },
    async start() {
      indexDefinitions();
      try {
        await app.listen({ host, port });
      } catch (error) {
        throw listenError(error, host, port);
      }
      const bound = (app.server.address() as AddressInfo).port;
      address = `http://${host.includes(':') ? `[${host}]` : host}:${bound}${BASE_PATH}`;
      log.info('the sandbox FHIR server is up', { address });
    },
    async stop(deadline_ms) {
      const deadline = setTimeout(() => app.server.closeAllConnections(), deadline_ms);
      await app.close();
      clearTimeout(deadline);
    },
  };
}

/** The body types of FHIR (R4 http.html#mime-type): resources, JSON Patch, and searches as forms. */
function addBodyParsers(app: FastifyInstance): void {
  const json = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser(
    ['application/fhir+json', 'application/json-patch+json'],
    { parseAs: 'string' },
    json,
  );
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
}

function addFhirApi(app: FastifyInstance, records: Records, base: () => string): void {
  const respond = createResponder(records);
  const started_at = new Date().toISOString();
  app.get(`${BASE_PATH}/metadata`, (_request, reply) =>
    reply.type(FHIR_JSON).send(JSON.stringify(capabilityStatement(base(), started_at))),
  );
  for (const path of [BASE_PATH, `${BASE_PATH}/*`]) {
    app.all(path, async ({ method, url, headers, body: sent }, reply) => {
      const {
        status,
        headers: more,
        location,
        body,
      } = await respond({
        method,
        url: url.slice(BASE_PATH.length),
        headers,
        body: sent,
      });
      reply.code(status).headers(more).type(FHIR_JSON);
      if (location !== undefined) reply.header('location', `${base()}/${location}`);
      return reply.send(body === undefined ? '' : JSON.stringify(body));
    });
  }
}

/** Errors from before and around the FHIR requests, as OperationOutcomes too. */
function addErrors(app: FastifyInstance, log: Log): void {
  const refuse = (reply: FastifyReply, status: number, outcome: object) =>
    reply.code(status).type(FHIR_JSON).send(JSON.stringify(outcome));
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, notFound));
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return refuse(reply, status, badRequest(error.message));
    log.error('a request failed inside the sandbox', { reason: error.name });
    return refuse(reply, status, {
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'fatal', code: 'exception' }],
    });
  });
}

function overview(records: Records, address: string): string {
  const counts = records
    .types()
    .map((type) => `${String(records.current(type).length).padStart(8)}  ${type}`);
  return [
    'Pipehat sandbox: a FHIR R4 server in memory',
    address,
    '',
    ...(counts.length ? counts : ['empty']),
    '',
  ].join('\n');
}

function listenError(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return new PipehatError('port-in-use', { host, port }, { cause: error });
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
    return new PipehatError('port-not-allowed', { host, port }, { cause: error });
  }
  return error;
}
