/**
 * An HTTP client for one FHIR server. It sends text and gets text; what an answer means is for others to say. What it
 * does decide is the one thing that only it can know: whether a request that failed may have reached the server.
 */
import { Readable } from 'node:stream';
import { buildConnector, Pool, errors as undici } from 'undici';
import { PipehatError } from '../errors.ts';

/** Where the server is and how patient to be. */
export interface FhirClientOptions {
  /** Such as `https://ehr.example/fhir/R4`. */
  readonly base_url: string;
  /** For each of: connecting, waiting for the answer's headers, waiting for more of its body. */
  readonly timeout_ms: number;
  /** Connections kept open at most; further requests wait for one. */
  readonly connections: number;
}

/** `path` is relative to the base URL, such as `Patient/1`; empty for the base itself. */
export interface FhirRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: string | LargeBody;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A body that is sent a piece at a time. */
export interface LargeBody {
  /** Bytes of all of it. */
  readonly size: number;
  /** Its pieces. A PipehatError that it rejects with is what the request rejects with. */
  read(): AsyncIterable<Uint8Array>;
}

/** A complete answer, whatever its status. Header names are in lower case. */
export interface FhirResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A client with its connections. */
export interface FhirClient {
  /**
   * Rejects with `fhir-unreachable` where the request was surely not sent, with `fhir-no-answer` where it may have been,
   * and with `fhir-stopped` after {@link stop}. What a large body rejects with is handed on: the server got no whole request.
   */
  request(request: FhirRequest): Promise<FhirResponse>;
  /** Takes no new request, waits for those under way (at most `deadline_ms`), closes all connections. */
  stop(deadline_ms: number): Promise<void>;
}

/** The media type of FHIR in JSON (R4 http.html#mime-type). */
export const FHIR_JSON = 'application/fhir+json';

/** Larger answers count as none: they would only fill the memory. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Builds the client. Connections are opened by the first requests. */
export function createFhirClient({ base_url, timeout_ms, connections }: FhirClientOptions): FhirClient {
  const { origin, pathname } = new URL(base_url);
  const base = pathname.replace(/\/+$/, '');
  const pool = new Pool(origin, {
    connections,
    connect: markingConnector(timeout_ms),
    headersTimeout: timeout_ms,
    bodyTimeout: timeout_ms,
    maxResponseSize: MAX_ANSWER_BYTES,
  });
  let stopping = false;

  return {
    async request({ method, path, body, headers }) {
      if (stopping) throw new PipehatError('fhir-stopped');
      try {
        const response = await pool.request({
          method,
          path: path === '' ? base || '/' : `${base}/${path}`,
          headers: {
            accept: FHIR_JSON,
            ...(body === undefined ? {} : { 'content-type': FHIR_JSON }),
            ...(typeof body === 'object' ? { 'content-length': String(body.size) } : {}),
            ...headers,
          },
          body: typeof body === 'object' ? Readable.from(body.read(), { objectMode: false }) : (body ?? null),
        });
        return { status: response.statusCode, headers: response.headers, body: await response.body.text() };
      } catch (error) {
        if (error instanceof PipehatError) throw error;
        const unsent = error instanceof ConnectFailure;
        const cause = unsent ? error.cause : error;
        throw new PipehatError(
          unsent ? 'fhir-unreachable' : 'fhir-no-answer',
          { origin, reason: reasonOf(cause) },
          { cause },
        );
      }
    },

    async stop(deadline_ms) {
      stopping = true;
      if (pool.destroyed) return;
      const deadline = setTimeout(() => void pool.destroy(), deadline_ms);
      try {
        await pool.close();
      } catch (error) {
        // The deadline passed while close() waited, or stop() was called twice: the connections are closed all the same.
        if (!(error instanceof undici.ClientDestroyedError || error instanceof undici.ClientClosedError))
          throw error;
      } finally {
        clearTimeout(deadline);
      }
    },
  };
}

/** An error from before there was a connection: nothing of the request has left. */
class ConnectFailure extends Error {}

/** undici's connector, with its errors marked. HTTP/2 is off, so that `connections` means connections. */
function markingConnector(timeout_ms: number): buildConnector.connector {
  const connect = buildConnector({ timeout: timeout_ms, allowH2: false });
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error === null) callback(null, socket);
      else callback(new ConnectFailure('no connection', { cause: error }), null);
    });
}

/** The error's code, such as `ECONNREFUSED`: its text might quote what was sent. */
function reasonOf(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException;
  return code ?? name;
}
