/**
 * Large messages: how much memory one takes, and what the small ones on other connections feel of it. The engine alone: a
 * bare program that holds all of it in memory is no floor.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './child.ts';
import type { EngineAnswers } from './engine.ts';
import type { LargeSenderAnswers } from './large-sender.ts';
import type { ReceiverAnswers } from './receiver.ts';
import type { Latency, SenderAnswers } from './sender.ts';

/** One size of document. */
export interface LargeFigures {
  readonly document_bytes: number;
  /** From its first byte to the ACK, and to the moment when the receiver had all of it; alone. */
  readonly ack_ms: number;
  readonly arrived_ms: number;
  /** Memory of the engine at its peak above that before, in sizes of the message; undefined where there is no `/proc`. */
  readonly memory_ratio: number | undefined;
  /** Large messages that passed while the small ones were measured. */
  readonly passed: number;
  /** Of small messages on other connections meanwhile. */
  readonly small: Latency;
}

/** All sizes, and the small messages without any large one. */
export interface Large {
  readonly rate: number;
  readonly without: Latency;
  readonly sizes: readonly LargeFigures[];
}

/** Sizes of the documents, as base64. */
const SIZES = [20_000_000, 50_000_000];

/** Small messages a second: a busy hospital, far from what the engine can do. */
const RATE = 200;

const WARM_UP_S = 3;

/** Memory is given back some time after its use. */
const SETTLE_MS = 2000;

/** What takes part. */
export interface LargeSubject {
  readonly engine: Child<EngineAnswers>;
  readonly sender: Child<SenderAnswers>;
  readonly large: Child<LargeSenderAnswers>;
  readonly receiver: Child<ReceiverAnswers>;
}

/** Measures each size alone, then with small messages around it for `seconds`. Sent before: one of each, for the warmth. */
export async function measureLarge(subject: LargeSubject, seconds: number): Promise<Large> {
  const { engine, sender, large, receiver } = subject;
  let sent = 0;
  const runSmall = async (seconds: number): Promise<Latency> => {
    const { acknowledged, latency } = await sender.ask('run', { seconds, rate: RATE });
    sent += acknowledged;
    return latency;
  };
  const sendLarge = async (bytes: number): Promise<{ started_ms: number; ack_ms: number }> => {
    const one = await large.ask('send', bytes);
    sent += 1;
    return one;
  };
  const settle = async (): Promise<void> => {
    await receiver.ask('reach', sent);
    await sleep(SETTLE_MS);
  };

  await runSmall(WARM_UP_S);
  for (const bytes of SIZES) await sendLarge(bytes);
  const alone = [];
  for (const document_bytes of SIZES) {
    await settle();
    const before = await engine.ask('resetPeak', undefined);
    const { started_ms, ack_ms } = await sendLarge(document_bytes);
    const arrived_ms = (await receiver.ask('reach', sent)) - started_ms;
    const peak = await engine.ask('peak', undefined);
    const grown = before === undefined || peak === undefined ? undefined : peak - before;
    alone.push({ document_bytes, ack_ms, arrived_ms, memory_ratio: grown && grown / document_bytes });
  }
  await settle();
  const without = await runSmall(seconds);
  const sizes: LargeFigures[] = [];
  for (const figures of alone) {
    await settle();
    const end = performance.now() + seconds * 1000;
    let passed = 0;
    const passing = async (): Promise<void> => {
      for (; performance.now() < end; passed++) await sendLarge(figures.document_bytes);
    };
    const [small] = await Promise.all([runSmall(seconds), passing()]);
    sizes.push({ ...figures, passed, small });
  }
  return { rate: RATE, without, sizes };
}
