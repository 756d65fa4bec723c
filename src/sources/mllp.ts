/** HL7 v2 messages over MLLP: one port, many senders. */
import { randomUUID } from 'node:crypto';
import Type from 'typebox';
import { defineSource } from '../component.ts';
import { errorDefinition, PipehatError } from '../errors.ts';
import { buildAck } from '../hl7/ack.ts';
import { type Header, headerBytes, readHeader } from '../hl7/header.ts';
import type { Refusal } from '../mllp/connection.ts';
import { createMllpServer } from '../mllp/server.ts';

const options = Type.Object(
  {
    port: Type.Integer({
      minimum: 0,
      maximum: 65535,
      description: 'TCP port to listen on. 0 takes a free one.',
    }),
    host: Type.String({
      default: '127.0.0.1',
      description:
        'Address of this machine to listen on. 127.0.0.1 hears this machine only, 0.0.0.0 every network.',
    }),
    max_bytes: Type.Integer({
      minimum: 1,
      default: 50 * 1024 * 1024,
      description: 'A longer message is answered AR before all of it has come, and its connection closed.',
    }),
    max_connections: Type.Integer({
      minimum: 1,
      default: 256,
      description: 'A connection beyond these is closed at once.',
    }),
    idle_timeout_ms: Type.Integer({
      minimum: 0,
      maximum: 2_147_483_647,
      default: 0,
      description:
        'A connection without traffic for so long is closed. 0 = never: peers that vanished are found by TCP probes.',
    }),
  },
  { additionalProperties: false },
);

/** The source `mllp`. */
export const mllp = defineSource({
  type: 'mllp',
  summary: 'Listens for HL7 v2 messages over MLLP, and answers each on the same connection.',
  options,
  resources: ({ port }) => (port === 0 ? [] : [`tcp:${port}`]),
  create: (chosen, { accept, log, connections }) =>
    createMllpServer({
      ...chosen,
      answer: (bytes, from) => accept(bytes, { protocol: 'mllp', ...from }),
      refuse: async (reason, head) => refusalOf(reason, head, chosen.max_bytes),
      log,
      connections,
    }),
});

/** The answer to a frame that never reaches `accept`, since it isn't whole. Nothing of it is kept. */
function refusalOf(reason: Refusal, head: Buffer, max_bytes: number): Uint8Array {
  const error =
    reason === 'too-large'
      ? new PipehatError('mllp-frame-too-large', { max_bytes })
      : new PipehatError('mllp-frame-unfinished');
  const { ack = 'AE', condition = '207' } = errorDefinition(error.code);
  const header = headerOf(head);
  const text = buildAck({
    header,
    code: ack,
    control_id: randomUUID().slice(0, 20), // MSH-10 holds 20 characters up to version 2.6.
    time: `${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}+0000`,
    problem: { code: error.code, says: error.message, condition, at: undefined },
  });
  return headerBytes(header, text);
}

/** What didn't start as HL7 has no header, and is answered without. */
function headerOf(head: Buffer): Header | undefined {
  try {
    return readHeader(head);
  } catch (error) {
    if (error instanceof PipehatError && error.code === 'hl7-no-msh') return undefined;
    throw error;
  }
}
