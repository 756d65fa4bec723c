/** HL7 v2 messages over MLLP: one port, many senders. */
import Type, { type Static } from 'typebox';
import { defineSource } from '../component.ts';
import { PipehatError } from '../errors.ts';
import type { Refusal } from '../mllp/connection.ts';
import { createMllpServer } from '../mllp/server.ts';
import { listening } from '../network/options.ts';
import { acceptBatches } from './batch.ts';

const options = Type.Object(
  {
    ...listening,
    max_bytes: Type.Integer({
      minimum: 1,
      default: 64 * 1024 * 1024,
      description: 'A longer message is answered AR before all of it has come, and its connection closed.',
    }),
    frame_timeout_ms: Type.Integer({
      minimum: 1,
      maximum: 3_600_000,
      default: 60_000,
      description:
        'A message that takes longer from its start block to its end block is answered AE, and its connection closed. One that comes at 16 kB a second or faster may take longer.',
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

type Options = Static<typeof options>;

/** The source `mllp`. */
export const mllp = defineSource({
  type: 'mllp',
  summary: 'Listens for HL7 v2 messages over MLLP, and answers each on the same connection.',
  options,
  resources: ({ port }) => (port === 0 ? [] : [`tcp:${port}`]),
  create: (chosen, { accept, refuse, ...context }) =>
    createMllpServer({
      ...chosen,
      ...context,
      reread: () => context.reread() as Options,
      answer: (bytes, from) => acceptBatches(accept, refuse)(bytes, { protocol: 'mllp', ...from }),
      refuse: (reason, head, from) => refuse(refusalOf(reason, chosen), head, { protocol: 'mllp', ...from }),
    }),
});

/** Why a frame never reaches `accept`. */
function refusalOf(reason: Refusal, { max_bytes, frame_timeout_ms }: Options): PipehatError {
  switch (reason) {
    case 'too-large':
      return new PipehatError('mllp-frame-too-large', { max_bytes });
    case 'late':
      return new PipehatError('mllp-frame-late', { frame_timeout_ms });
    case 'unstarted':
      return new PipehatError('mllp-frame-unstarted');
    case 'unfinished':
      return new PipehatError('mllp-frame-unfinished');
  }
}
