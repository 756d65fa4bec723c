/** The requests of one attempt, and the record that is kept of them. */
import type { Attachment, Attempt } from '../component.ts';
import type { FhirClient, FhirRequest, FhirResponse, LargeBody } from '../fhir/client.ts';
import { readOutcome } from '../fhir/outcome.ts';
import { refusal, retryAfter_ms } from '../fhir/outcome-refusal.ts';
import { hasReferences, putBack } from '../hl7/put-back.ts';

/** Sends a request about `resource_types`, and resolves to an answer of 2xx; any other is thrown as a PipehatError. */
export type Send = (request: TextRequest, resource_types: readonly string[]) => Promise<FhirResponse>;

/** A request as it is recorded: with references in the places of attachments. */
export type TextRequest = Omit<FhirRequest, 'body'> & { readonly body?: string };

/** One attempt. */
export interface Exchange {
  readonly send: Send;
  /** All that was sent and got so far, and the last status. */
  record(): Pick<Attempt, 'request' | 'response' | 'status' | 'retry_after_ms'>;
}

/** Begins an attempt. `headers` go with each of its requests; `attachments` are put into them as they are sent. */
export function createExchange(
  client: FhirClient,
  headers: Readonly<Record<string, string>>,
  attachments: readonly Attachment[],
): Exchange {
  const sent: string[] = [];
  const got: string[] = [];
  let last: FhirResponse | undefined;

  return {
    async send(request, resource_types) {
      // The base itself takes Bundles only, and a Bundle says all. Other requests need their first line to be understood.
      const isBundle = request.path === '';
      sent.push(isBundle ? (request.body ?? '') : lines(headOf(request), request.body));
      last = undefined;
      const large = withAttachments(request.body, attachments);
      last = await client.request({
        ...request,
        ...(large && { body: large }),
        // What is large on the way there should not come back.
        headers: { ...headers, ...request.headers, ...(large && { prefer: 'return=minimal' }) },
      });
      got.push(isBundle ? last.body : lines(String(last.status), last.body));
      const error = refusal(last.status, readOutcome(last.body), resource_types);
      if (error) throw error;
      return last;
    },

    record() {
      const wait_ms = retryAfter_ms(last?.headers['retry-after'], Date.now());
      return {
        request: sent.join('\n'),
        response: got.join('\n'),
        ...(last && { status: String(last.status) }),
        ...(wait_ms !== undefined && { retry_after_ms: wait_ms }),
      };
    },
  };
}

/** Attachments are base64 where an event refers to them: they stand in JSON as they are. */
function withAttachments(
  body: string | undefined,
  attachments: readonly Attachment[],
): LargeBody | undefined {
  if (attachments.length === 0 || body === undefined || !hasReferences(body)) return undefined;
  return putBack(Buffer.from(body), attachments);
}

/** The first line, and the condition of a conditional create, without which it reads as another request. */
function headOf({ method, path, headers }: TextRequest): string {
  const condition = headers?.['if-none-exist'];
  return lines(`${method} ${path}`, condition && `If-None-Exist: ${condition}`);
}

function lines(head: string, body: string | undefined): string {
  return body ? `${head}\n${body}` : head;
}
