/** The answer to what is no whole message, so that its sender learns why it was not taken. */
import { randomUUID } from 'node:crypto';
import type { Refuse } from '../component.ts';
import { errorDefinition, PipehatError } from '../errors.ts';
import { buildAck } from '../hl7/ack.ts';
import { type Header, readHeader } from '../hl7/header.ts';
import type { Metrics } from '../metrics.ts';

/** The `refuse` of a channel. */
export function createRefuse(channel: string, metrics: Metrics, now: () => Date): Refuse {
  return async (error, head) => {
    metrics.received(channel);
    metrics.rejected(channel, error.code);
    const { ack = 'AE', condition = '207' } = errorDefinition(error.code);
    const text = buildAck({
      header: headerOf(head),
      code: ack,
      control_id: randomUUID().slice(0, 20), // MSH-10 holds 20 characters up to version 2.6.
      time: `${now().toISOString().replace(/\D/g, '').slice(0, 14)}+0000`,
      problem: { code: error.code, says: error.message, condition, at: error.at },
    });
    // A header is read as Latin-1, so this gives its bytes back as they came.
    return Buffer.from(text, 'latin1');
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
