/** What an answer's status means for what was asked: the one table from HTTP to errors. */
import { type ErrorCode, PipehatError } from '../errors.ts';
import { describeIssues, type OutcomeIssue } from './outcome.ts';

/**
 * Statuses with a meaning of their own; any other 4xx refuses for good, as 3xx and 501 do, and any other 5xx is the
 * server's trouble. An error status says that a transaction was not committed (R4 http.html#transaction), so 500 too is
 * transient. 412 is permanent: no write here names a version, so it can only mean that no single record matches.
 */
const codes: Readonly<Record<number, ErrorCode>> = {
  401: 'fhir-unauthorized',
  408: 'fhir-busy',
  409: 'fhir-conflict',
  412: 'fhir-no-single-match',
  425: 'fhir-busy',
  429: 'fhir-busy',
  501: 'fhir-refused',
};

/** The error that `status` stands for; `undefined` for 2xx. `resource_types` are those of the request. */
export function refusal(
  status: number,
  issues: readonly OutcomeIssue[],
  resource_types: readonly string[],
): PipehatError | undefined {
  if (status >= 200 && status < 300) return undefined;
  const code = codes[status] ?? (status >= 500 ? 'fhir-busy' : 'fhir-refused');
  return new PipehatError(code, {
    status,
    issues: describeIssues(issues),
    resource_types: resource_types.join(', '),
  });
}

/** Retry-After (RFC 9110 §10.2.3), seconds or a date, in milliseconds from `now`; `undefined` where it says nothing. */
export function retryAfter_ms(value: string | string[] | undefined, now: number): number | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  if (text === undefined) return undefined;
  const wait_ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(wait_ms) ? undefined : Math.max(0, wait_ms);
}
