/**
 * Writes canonical events into a FHIR server.
 *
 * Repeating an attempt is always safe, after an ambiguous one too: every write is conditional on a business identifier, so
 * what is already there is updated to the same content, or left alone.
 */
import Type from 'typebox';
import { type Attempt, type Delivery, defineDestination } from '../component.ts';
import { PipehatError } from '../errors.ts';
import { writesOf } from '../fhir/bundle.ts';
import { createFhirClient, type FhirClient } from '../fhir/client.ts';
import { readOutcome } from '../fhir/outcome.ts';
import { refusal } from '../fhir/outcome-refusal.ts';
import { createExchange } from './fhir-exchange.ts';
import { writeSingly, writeTogether } from './fhir-writes.ts';

const options = Type.Object(
  {
    base_url: Type.String({
      pattern: '^https?://',
      description: 'Base URL of the FHIR R4 API, such as https://ehr.example/fhir/R4.',
    }),
    mode: Type.Union([Type.Literal('transaction'), Type.Literal('single')], {
      default: 'transaction',
      description:
        'transaction: all resources of an event in one Bundle, all or nothing. single: one after another, for servers without transactions.',
    }),
    timeout_ms: Type.Integer({
      minimum: 1,
      default: 30_000,
      description: 'How long to wait for a connection, and for an answer.',
    }),
    connections: Type.Integer({
      minimum: 1,
      default: 8,
      description: 'Connections kept open at most.',
    }),
  },
  { additionalProperties: false },
);

/** The destination `fhir`. */
export const fhir = defineDestination({
  type: 'fhir',
  summary: 'Writes events into a FHIR R4 server, by conditional updates and creates.',
  options,
  takes: () => 'event',
  create({ base_url, mode, timeout_ms, connections }) {
    const client = createFhirClient({ base_url, timeout_ms, connections });
    const write = mode === 'transaction' ? writeTogether : writeSingly;
    return {
      deliver: (delivery) => deliver(delivery, client, write),
      ping: () => ping(client),
      stop: (deadline_ms) => client.stop(deadline_ms),
    };
  },
});

async function deliver(
  { id, body, attachments }: Delivery,
  client: FhirClient,
  write: typeof writeTogether,
): Promise<Attempt> {
  if (body.kind !== 'event') throw new TypeError('the destination fhir takes events');
  const writes = writesOf(body.event, body.write);
  if (writes.length === 0)
    return { outcome: 'accepted', status: 'nothing to write', request: '', response: '' };
  const exchange = createExchange(client, { 'x-request-id': id }, attachments);
  try {
    await write(writes, exchange.send);
    return { outcome: 'accepted', ...exchange.record() };
  } catch (error) {
    if (!(error instanceof PipehatError)) throw error;
    return { outcome: error.class, code: error.code, says: error.message, ...exchange.record() };
  }
}

async function ping(client: FhirClient): Promise<void> {
  const { status, body } = await client.request({ method: 'GET', path: 'metadata' });
  const error = refusal(status, readOutcome(body), ['CapabilityStatement']);
  if (error) throw error;
}
