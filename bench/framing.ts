/** Cutting frames out of a stream alone, in a process of its own: from memory, no sockets. Beside it, what a peer takes. */

import { MLLPCodec } from 'node-hl7-client';
import { createFramer } from '../src/mllp/framing.ts';
import { serve } from './child.ts';
import { createFeed } from './feed.ts';

/** What the stream is made of: result messages of about 2 kB. */
const FRAMES = 4000;

/** As a socket gives them. */
const CHUNK_BYTES = 64 * 1024;

const WARM_UP_MS = 500;

/** How fast frames are cut. */
export interface FramingRate {
  /** On average. */
  readonly frame_bytes: number;
  readonly bytes_a_second: number;
  /**
   * Of `MLLPCodec` of node-hl7-client, which is given each frame alone: of several in a chunk it makes one text.
   */
  readonly peer_bytes_a_second: number;
}

/** Runs `pass`, which handles `bytes`, for so long; gives bytes a second of CPU time. */
function rate(bytes: number, ms: number, pass: () => void): number {
  const before = process.cpuUsage();
  const end = performance.now() + ms;
  let passes = 0;
  for (; performance.now() < end; passes++) pass();
  const { user, system } = process.cpuUsage(before);
  return (passes * bytes * 1e6) / (user + system);
}

const answers = {
  measure({ ms }: { ms: number }): FramingRate {
    const feed = createFeed('oru', 1);
    const frames = Array.from({ length: FRAMES }, () => feed(0));
    const stream = Buffer.concat(frames);
    const chunks: Buffer[] = [];
    for (let at = 0; at < stream.length; at += CHUNK_BYTES)
      chunks.push(stream.subarray(at, at + CHUNK_BYTES));
    const cut = (): void => {
      const framer = createFramer({ max_bytes: 1024 * 1024 });
      let found = 0;
      for (const chunk of chunks) for (const { kind } of framer.push(chunk)) if (kind === 'frame') found++;
      if (found !== FRAMES) throw new Error(`expected ${FRAMES} frames, found ${found}`);
    };
    const cutByPeer = (): void => {
      const codec = new MLLPCodec();
      for (const frame of frames) if (!codec.receiveData(frame)) throw new Error('the peer found no frame');
    };
    rate(stream.length, WARM_UP_MS, cut);
    rate(stream.length, WARM_UP_MS, cutByPeer);
    return {
      frame_bytes: stream.length / FRAMES,
      bytes_a_second: rate(stream.length, ms, cut),
      peer_bytes_a_second: rate(stream.length, ms, cutByPeer),
    };
  },
  stop: () => {},
};

/** What the framer's process answers. */
export type FramingAnswers = typeof answers;

serve(answers);
