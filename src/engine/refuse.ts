/** The answer to what is no whole message, so that its sender learns why it was not taken. */
import type { Refuse } from '../component.ts';
import { errorDefinition, PipehatError } from '../errors.ts';
import { type Header, readHeader } from '../hl7/header.ts';
import type { Metrics } from '../metrics.ts';
import { answer, problemOf } from './answer.ts';

/** The `refuse` of a channel. */
export function createRefuse(channel: string, metrics: Metrics, now: () => Date): Refuse {
  return async (error, head) => {
    metrics.received(channel);
    metrics.rejected(channel, error.code);
    const code = errorDefinition(error.code).ack ?? 'AE';
    return answer(headerOf(head), code, undefined, [problemOf(error)], now());
  };
}

/** What didn't start as HL7 has no header, and is answered without. */
function headerOf(head: Uint8Array): Header | undefined {
  try {
    return readHeader(head);
  } catch (error) {
    if (error instanceof PipehatError && error.code === 'hl7-no-msh') return undefined;
    throw error;
  }
}
