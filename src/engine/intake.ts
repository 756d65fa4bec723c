/**
 * Intake: bytes in, answer out. The message is judged by its header, committed as received (many in one commit), and
 * only then answered. What is refused is kept too, as `rejected`. When the store can't be reached, the answer is AE.
 */
import { hash } from 'node:crypto';
import type { Accept, Answer, Refuse } from '../component.ts';
import type { PipehatError } from '../errors.ts';
import { type Header, headerOf } from '../hl7/header.ts';
import type { Message } from '../hl7/message.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Channel } from '../pipeline/channel.ts';
import type { Writer } from '../store/audit.ts';
import type { Acknowledger } from './acknowledge.ts';
import type { Acknowledged } from './acknowledged.ts';
import { asProblem } from './fault.ts';
import { createGroup } from './group.ts';
import { createJudge, type Judged, type JudgeOptions, type OpenMessage } from './judge.ts';
import { createLift, type Incoming, type LiftOptions } from './lifting.ts';
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
  readonly acknowledger: Acknowledger;
  readonly acknowledged: Acknowledged;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Messages that were just committed, by id, for the channel that is woken next. */
  readonly recent: Recent<Message>;
  /** A message was committed into this lane of the channel. */
  readonly wake: (channel: string, lane: number) => void;
}

/** The ways of a channel's messages into the store. */
export interface Intake {
  readonly accept: Accept;
  readonly refuse: Refuse;
}

/** Gives each channel its intake. */
export function createIntake(options: IntakeOptions): (channel: Channel) => Intake {
  const { keyring, writer, acknowledger, metrics, log, now } = options;
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

  /** What is said where a message could not be stored. */
  function unstored(
    channel: Channel,
    header: Header | undefined,
    received_at: Date,
    problem: PipehatError,
    refused?: PipehatError,
  ): Answer {
    log.error('message not stored', { channel: channel.name, code: problem.code, reason: problem.message });
    // What is refused anyhow is refused for its own reason.
    const error = refused ?? problem;
    metrics.rejected(channel.name, error.code);
    return acknowledger.unstored(channel, header, received_at, error);
  }

  /** Stores what was judged and answers it. `placed` is called once nothing that comes later can get ahead of it. */
  async function take(
    channel: Channel,
    judged: Judged,
    started: number,
    placed?: () => void,
  ): Promise<Answer> {
    const { header, message, refused, row } = judged;
    let stored: Stored;
    try {
      const adding = group.add(row);
      placed?.();
      stored = await adding;
    } catch (error) {
      return unstored(channel, header, row.received_at, asProblem(error, log), refused);
    }
    if (refused !== undefined) {
      metrics.rejected(channel.name, refused.code);
      return acknowledger.refused(channel, judged, stored, refused);
    }
    if (stored.duplicate) metrics.duplicate(channel.name);
    // Whoever waits for what becomes of the message does so before its lane is woken.
    const answer = acknowledger.taken(channel, judged, stored, started);
    if (!stored.duplicate && message !== undefined) {
      // Where text was lifted out, the channel needs it back: see process.ts.
      if (row.lifted.every(({ base64 }) => base64))
        options.recent.keep(String(stored.id), message, row.bytes.length);
      options.wake(channel.name, row.lane);
    }
    return answer;
  }

  return (channel) => ({
    async accept(bytes, from) {
      const started = performance.now();
      metrics.received(channel.name);
      const received_at = now();
      for (let ahead = turns.ahead(from); ahead !== undefined; ahead = turns.ahead(from)) await ahead;
      const isLarge = bytes.length > channel.lift_from_bytes;
      const end = isLarge ? turns.begin(from) : undefined;
      try {
        const incoming = isLarge ? await lift(bytes, channel.lift_from_bytes) : whole(bytes);
        const judged = judge(channel, incoming, from, received_at);
        for (const [rule, count] of judged.findings?.counts ?? []) metrics.found(channel.name, rule, count);
        if (judged.header?.code === 'ACK' && (await options.acknowledged(channel, bytes))) {
          return { bytes: undefined, error: undefined };
        }
        return await take(channel, judged, started, end);
      } catch (error) {
        return unstored(channel, headerOf(bytes), received_at, asProblem(error, log));
      } finally {
        end?.();
      }
    },
    refuse(error, head, from) {
      metrics.received(channel.name);
      return take(channel, judge(channel, whole(head), from, now(), error), performance.now());
    },
  });
}

/** A message with nothing to lift. */
function whole(bytes: Uint8Array): Incoming {
  return { bytes, sha256: hash('sha256', bytes, 'buffer'), size: bytes.length, lifted: [] };
}
