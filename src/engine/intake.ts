/**
 * Intake: bytes in, answer out. The message is judged by its header, committed as received (many in one commit), and
 * only then answered. What is refused is kept too, as `rejected`. When the store can't be reached, the answer is AE.
 */
import { hash } from 'node:crypto';
import type { Accept } from '../component.ts';
import type { Header } from '../hl7/header.ts';
import type { Message } from '../hl7/message.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Channel } from '../pipeline/channel.ts';
import type { Writer } from '../store/audit.ts';
import { answer, problemOf } from './answer.ts';
import { asProblem } from './fault.ts';
import { createGroup } from './group.ts';
import { createJudge, type JudgeOptions, type OpenMessage } from './judge.ts';
import { createLift, headerOf, type Incoming, type LiftOptions } from './lifting.ts';
import { type Stored, storeOnce } from './once.ts';
import type { Recent } from './recent.ts';
import { createTurns } from './turns.ts';

/** A commit takes at most this many bytes of messages, and one message at least. */
const MOST_BYTES_A_COMMIT = 8 * 1024 * 1024;

/** What a message counts for beside its bytes: at most about a thousand small ones share a commit. */
const BYTES_A_ROW = 8 * 1024;

/** What intake works with. */
export interface IntakeOptions extends JudgeOptions, LiftOptions {
  readonly writer: Writer;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Messages that were just committed, by id, for the channel that is woken next. */
  readonly recent: Recent<Message>;
  /** A message was committed into this lane of the channel. */
  readonly wake: (channel: string, lane: number) => void;
}

/** Gives each channel its `accept`. */
export function createIntake(options: IntakeOptions): (channel: Channel) => Accept {
  const { keyring, writer, metrics, log, now } = options;
  // Sealing takes its time; whoever came first has the first place in the group before it begins.
  const group = createGroup<OpenMessage, Stored>({
    flush: async (messages) => {
      const sealed = await Promise.all(messages.map(({ bytes }) => keyring.seal('message', bytes)));
      return storeOnce(
        writer,
        messages.map(({ bytes: _, ...row }, i) => ({ ...row, sealed: sealed[i]! })),
      );
    },
    weigh: (message) => message.bytes.length + BYTES_A_ROW,
    most: MOST_BYTES_A_COMMIT,
  });
  const judge = createJudge(options);
  const lift = createLift(options);
  const turns = createTurns();

  return (channel) => async (bytes, from) => {
    const started = performance.now();
    metrics.received(channel.name);
    const received_at = now();
    for (let ahead = turns.ahead(from); ahead !== undefined; ahead = turns.ahead(from)) await ahead;
    const isLarge = bytes.length > channel.lift_from_bytes;
    const end = isLarge ? turns.begin(from) : undefined;
    let header: Header | undefined;
    try {
      const received = isLarge ? await lift(bytes, channel.lift_from_bytes) : whole(bytes);
      const judged = judge(channel, received, from, received_at);
      const { message, refused, problems, findings, row } = judged;
      for (const [rule, count] of findings?.counts ?? []) metrics.found(channel.name, rule, count);
      header = judged.header;
      const adding = group.add(row);
      // It has its place; what waits behind it comes after it.
      end?.();
      const stored = await adding;
      if (refused !== undefined) {
        metrics.rejected(channel.name, refused.code);
        return answer(header, row.ack_code, stored, problems);
      }
      if (stored.duplicate) metrics.duplicate(channel.name);
      else if (message !== undefined) {
        // Where text was lifted out, the channel needs it back: see process.ts.
        if (row.lifted.every(({ base64 }) => base64))
          options.recent.keep(String(stored.id), message, row.bytes.length);
        options.wake(channel.name, row.lane);
      }
      metrics.acknowledged(channel.name, performance.now() - started);
      return answer(header, stored.ack_code, stored, []);
    } catch (error) {
      const problem = asProblem(error, log);
      log.error('message not stored, answered AE', {
        channel: channel.name,
        code: problem.code,
        reason: problem.message,
      });
      metrics.rejected(channel.name, problem.code);
      return answer(header ?? headerOf(bytes), 'AE', undefined, [problemOf(problem)], received_at);
    } finally {
      end?.();
    }
  };
}

/** A message with nothing to lift. */
function whole(bytes: Uint8Array): Incoming {
  return { bytes, sha256: hash('sha256', bytes, 'buffer'), size: bytes.length, lifted: [] };
}
