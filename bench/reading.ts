/** Reading alone, in a process of its own for each reader: time, and the memory that a message keeps. */
import { readFileSync } from 'node:fs';
import { serve } from './child.ts';
import { createFeed } from './feed.ts';
import { type ReaderName, readers } from './readers.ts';
import type { Only } from './works.ts';

/** Messages that are read again and again, and that are kept. */
const MESSAGES = 1000;

const WARM_UP_MS = 1000;

/** What is read of each kind of message. */
const SEGMENTS: Readonly<Record<Only, readonly string[]>> = { adt: ['MSH', 'PID', 'PV1'], oru: ['OBX'] };

/** What it takes. */
export interface ReadingCost {
  /** CPU time. */
  readonly us_a_message: number;
  readonly bytes_a_message: number;
  /** Heap and buffers that stay as long as the message, its text among them, after the fields were asked for. */
  readonly kept_bytes_a_message: number;
}

const answers = {
  measure({ reader, only, ms }: { reader: ReaderName; only: Only; ms: number }): ReadingCost {
    const read = readers[reader];
    const names = SEGMENTS[only];
    const messages = only === 'adt' ? updates() : results();
    const texts = messages.map((bytes) => bytes.toString('latin1'));
    let characters = 0;
    /** Reads for so long; gives the CPU time of one message. */
    const repeat = (ms: number): number => {
      const before = process.cpuUsage();
      const end = performance.now() + ms;
      let passes = 0;
      for (; performance.now() < end; passes++) {
        for (const text of texts) characters += read(text, names).characters;
      }
      const { user, system } = process.cpuUsage(before);
      return (user + system) / (passes * MESSAGES);
    };
    repeat(WARM_UP_MS);
    const us_a_message = repeat(ms);
    if (characters === 0) throw new Error(`${reader} read nothing`);
    const bytes = messages.reduce((sum, { length }) => sum + length, 0);
    const kept = keep(() => messages.map((bytes) => read(bytes.toString('latin1'), names).message));
    return { us_a_message, bytes_a_message: bytes / MESSAGES, kept_bytes_a_message: kept / MESSAGES };
  },
  stop: () => {},
};

/** What the reading process answers. */
export type ReadingAnswers = typeof answers;

/** ADT^A08 of 0.8 kB, each with a control id of its own. */
function updates(): Buffer[] {
  const text = readFileSync(new URL('../samples/adt-a08-update.hl7', import.meta.url), 'latin1');
  return Array.from({ length: MESSAGES }, (_, i) =>
    Buffer.from(text.replace('HIS00003', `HIS${String(i).padStart(5, '0')}`), 'latin1'),
  );
}

/** ORU^R01 of 2 kB and 14 OBX. */
function results(): Buffer[] {
  const feed = createFeed('oru', 1);
  return Array.from({ length: MESSAGES }, () => feed(0).subarray(1, -2));
}

/** How much memory what `make` gives holds. */
function keep(make: () => unknown[]): number {
  const collect = globalThis.gc!;
  const used = (): number => {
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  const kept = make();
  const after = used();
  // Used after the measurement, so that it is still held while it is measured.
  if (kept.length === 0) throw new Error('nothing kept');
  return after - before;
}

serve(answers);
