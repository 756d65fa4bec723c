/** The sender: many connections, one message in flight on each, as hospital systems do it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { serve } from './child.ts';
import { createFeed, type Feed } from './feed.ts';
import { onFrame } from './frames.ts';
import type { Only } from './works.ts';

/** What came of a run. */
export interface Sent {
  /** Messages answered AA. */
  readonly acknowledged: number;
  /** First message and last answer, on the clock that all processes share. */
  readonly started_ms: number;
  readonly ended_ms: number;
  /** From message to AA. */
  readonly latency: Latency;
}

/** Of the messages of a run. */
export interface Latency {
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly most_ms: number;
}

interface Link {
  readonly socket: Socket;
  answered: (ack: Buffer) => void;
}

/** An answer that takes longer is none. */
const ANSWER_MS = 30_000;

let links: Link[] = [];
let feed: Feed;

async function open(address: string): Promise<Link> {
  const [host, port] = address.split(':');
  const socket = connect({ host: host!, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  const link: Link = { socket, answered: () => {} };
  onFrame(socket, (ack) => link.answered(ack));
  return link;
}

/** Sends one message and waits for its AA. */
async function exchange(link: Link, message: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  link.answered = resolve;
  link.socket.write(message);
  const timer = setTimeout(() => reject(new Error('no answer')), ANSWER_MS);
  const ack = await promise;
  clearTimeout(timer);
  if (!ack.includes('\rMSA|AA|')) throw new Error('a message was not answered AA');
}

function latencyOf(latencies: number[]): Latency {
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { p50_ms: at(0.5), p99_ms: at(0.99), most_ms: at(1) };
}

function now_ms(): number {
  return performance.timeOrigin + performance.now();
}

const answers = {
  async start({ address, connections, only }: { address: string; connections: number; only: Only }) {
    feed = createFeed(only, connections);
    links = await Promise.all(Array.from({ length: connections }, () => open(address)));
  },

  /**
   * Sends for so long: as fast as answers come, or `rate` a second, spread evenly over the connections. With a rate, a
   * message that is late because the answer before it was late counts from when it was due.
   */
  async run({ seconds, rate }: { seconds: number; rate: number | undefined }): Promise<Sent> {
    const started_ms = now_ms();
    const end = started_ms + seconds * 1000;
    const every_ms = rate === undefined ? 0 : (links.length * 1000) / rate;
    const latencies: number[] = [];
    await Promise.all(
      links.map(async (link, n) => {
        let due = started_ms + (every_ms * n) / links.length;
        for (let free = now_ms(); Math.max(free, due) < end; due += every_ms) {
          const message = feed(n);
          if (due > free) await sleep(due - free);
          // A timer that fires late is not the fault of whoever answers.
          const from = rate === undefined || due > free ? now_ms() : due;
          await exchange(link, message);
          free = now_ms();
          latencies.push(free - from);
        }
      }),
    );
    return { acknowledged: latencies.length, started_ms, ended_ms: now_ms(), latency: latencyOf(latencies) };
  },

  stop: () => {
    for (const { socket } of links) socket.destroy();
  },
};

/** What the sender's process answers. */
export type SenderAnswers = typeof answers;

serve(answers);
