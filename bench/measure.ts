/**
 * Measures one system between sender and receiver. The rate is that of messages which arrived: everything sent in the
 * window is waited for, and the wait counts. So a backlog that grows can't hide.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './child.ts';
import type { ReceiverAnswers } from './receiver.ts';
import type { Latency, SenderAnswers, Sent } from './sender.ts';
import type { Usage } from './usage.ts';

/** What is between sender and receiver. */
export interface Subject {
  readonly sender: Child<SenderAnswers>;
  readonly receiver: Child<ReceiverAnswers>;
  readonly usage: () => Promise<Usage>;
}

/** What one message costs. */
export interface Cost {
  readonly cpu_ms: number;
  readonly postgres_cpu_ms: number | undefined;
  readonly transactions: number;
  readonly wal_bytes: number;
}

/** How a system did. */
export interface Flow {
  readonly messages: number;
  readonly acknowledged_a_second: number;
  readonly delivered_a_second: number;
  readonly cost: Cost;
  readonly rss_bytes: number;
  readonly peak_rss_bytes: number;
  /** At half of the measured rate. */
  readonly half_load: Latency;
}

/** Compilers, caches and connections are warm after this. */
const WARM_UP_S = 3;

/** What is still on its way when the sender stops has this long to arrive. */
const DRAIN_MS = 120_000;

/** PostgreSQL's statistics are complete after this. */
const STATISTICS_MS = 1500;

/** Warm-up, a window at full load, a window at half load. Throws when a message gets lost or arrives twice. */
export async function measureFlow(subject: Subject, seconds: number): Promise<Flow> {
  const { sender, usage } = subject;
  let sent = 0;
  const run = async (seconds: number, rate?: number): Promise<Sent & { arrived_ms: number }> => {
    const ran = await sender.ask('run', { seconds, rate });
    sent += ran.acknowledged;
    return { ...ran, arrived_ms: await arrival(subject, sent) };
  };
  await run(WARM_UP_S);
  await sleep(STATISTICS_MS);
  const before = await usage();
  const full = await run(seconds);
  await sleep(STATISTICS_MS);
  const after = await usage();
  const delivered_a_second = (full.acknowledged * 1000) / (full.arrived_ms - full.started_ms);
  const half = await run(seconds, delivered_a_second / 2);
  const { rss_bytes, peak_rss_bytes } = await usage();
  return {
    messages: full.acknowledged,
    acknowledged_a_second: (full.acknowledged * 1000) / (full.ended_ms - full.started_ms),
    delivered_a_second,
    cost: costOf(before, after, full.acknowledged),
    rss_bytes,
    peak_rss_bytes,
    half_load: half.latency,
  };
}

/** When the last of `sent` messages arrived. */
async function arrival({ receiver }: Subject, sent: number): Promise<number> {
  const waited = new AbortController();
  const late = sleep(DRAIN_MS, undefined, { signal: waited.signal }).then(() => undefined);
  const arrived_ms = await Promise.race([receiver.ask('reach', sent), late]);
  waited.abort();
  const arrived = await receiver.ask('count', undefined);
  if (arrived_ms === undefined || arrived !== sent)
    throw new Error(`${sent} messages were acknowledged, ${arrived} arrived`);
  return arrived_ms;
}

function costOf(before: Usage, after: Usage, messages: number): Cost {
  const postgres_ms = (after.postgres_cpu_ms ?? Number.NaN) - (before.postgres_cpu_ms ?? Number.NaN);
  return {
    cpu_ms: (after.cpu_ms - before.cpu_ms) / messages,
    postgres_cpu_ms: Number.isNaN(postgres_ms) ? undefined : postgres_ms / messages,
    transactions: (after.transactions - before.transactions) / messages,
    wal_bytes: (after.wal_bytes - before.wal_bytes) / messages,
  };
}
