/** HL7 v2 messages over MLLP: one port, many senders. */
import Type from 'typebox';
import { defineSource } from '../component.ts';
import { PipehatError } from '../errors.ts';
import type { Refusal } from '../mllp/connection.ts';
import { createMllpServer } from '../mllp/server.ts';
import { acceptBatches } from './batch.ts';

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
  create: (chosen, { accept, refuse, log, connections }) =>
    createMllpServer({
      ...chosen,
      answer: (bytes, from) => acceptBatches(accept, refuse)(bytes, { protocol: 'mllp', ...from }),
      refuse: (reason, head, from) =>
        refuse(refusalOf(reason, chosen.max_bytes), head, { protocol: 'mllp', ...from }),
      log,
      connections,
    }),
});

/** Why a frame never reaches `accept`. */
function refusalOf(reason: Refusal, max_bytes: number): PipehatError {
  return reason === 'too-large'
    ? new PipehatError('mllp-frame-too-large', { max_bytes })
    : new PipehatError('mllp-frame-unfinished');
}
