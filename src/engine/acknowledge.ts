/**
 * Acknowledging: what the sender of a message hears, and when. A message is answered when it has come as far as its channel
 * says, and in the mode that it asks for; what it was told is written down before it goes out.
 */
import type { Answer, LaterAnswer } from '../component.ts';
import { errorDefinition, type PipehatError } from '../errors.ts';
import type { Header } from '../hl7/header.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { applicationStage, firstCode, type Wanted, wanted, wants } from '../pipeline/acknowledge.ts';
import type { Channel } from '../pipeline/channel.ts';
import { type ApplicationAnswer, recordAnswers } from '../store/acknowledgements.ts';
import type { Writer } from '../store/audit.ts';
import { answerUnstored, applicationAnswer, firstAnswer, problemOf } from './answer.ts';
import { asProblem } from './fault.ts';
import { createGroup } from './group.ts';
import type { Judged } from './judge.ts';
import type { Stored } from './once.ts';
import { failure, type LaterStage, type Verdict, verdictInTime } from './verdict.ts';
import type { Watch } from './watch.ts';

/** What acknowledging works with. */
export interface AcknowledgeOptions {
  readonly writer: Writer;
  readonly watch: Pick<Watch, 'wait'>;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly now: () => Date;
}

/** Answers messages. Nothing here rejects: every trouble has an answer. */
export interface Acknowledger {
  /** The channel took it, now or before. `started` is when its last byte came, by `performance.now()`. */
  taken(channel: Channel, judged: Judged, stored: Stored, started: number): Promise<Answer>;
  /** It is kept as rejected. */
  refused(channel: Channel, judged: Judged, stored: Stored, refused: PipehatError): Answer;
  /** It is not in the store. */
  unstored(channel: Channel, header: Header | undefined, received_at: Date, error: PipehatError): Answer;
}

/** Answers that share a commit. */
const MOST_A_COMMIT = 256;

/** An acknowledger. */
export function createAcknowledger(options: AcknowledgeOptions): Acknowledger {
  const { writer, watch, metrics, log, now } = options;
  const records = createGroup<ApplicationAnswer, void>({
    flush: async (answers) => {
      await writer.run(async (transaction) => {
        await recordAnswers(transaction, answers);
        for (const { message_id, code, way } of answers) {
          transaction.audit('message', message_id, auditOf(code, way));
        }
      });
      return [];
    },
    weigh: () => 1,
    most: MOST_A_COMMIT,
  });

  /** Waits until the message is as far as `stage`. Known at once is what a resend asks for again. */
  async function conclude({ ack }: Channel, { id, duplicate }: Stored, stage: LaterStage): Promise<Verdict> {
    try {
      const standing = await watch.wait(id, stage, ack.timeout_ms, duplicate);
      return verdictInTime(standing, stage, ack.timeout_ms);
    } catch (error) {
      return failure(asProblem(error, log));
    }
  }

  /** `started` is undefined where an accept acknowledgement was counted before. */
  function count(channel: Channel, { code, problem }: Verdict, started: number | undefined): void {
    if (problem !== undefined) metrics.rejected(channel.name, problem.code);
    else if (code === 'AA' && started !== undefined) {
      metrics.acknowledged(channel.name, performance.now() - started);
    }
  }

  const recordOf = (
    { id }: Stored,
    code: string,
    { problem }: Verdict,
    way: ApplicationAnswer['way'],
  ): ApplicationAnswer => ({
    ...{ message_id: id, code, way, at: now(), delivery: undefined },
    error: problem?.code,
  });

  /** Original mode, when the answer waits until the message was processed or delivered. */
  async function waitedAnswer(
    channel: Channel,
    { header, problems }: Judged,
    stored: Stored,
    stage: LaterStage,
    started: number,
  ): Promise<Answer> {
    const { only_aa } = channel.ack;
    let verdict = await conclude(channel, stored, stage);
    const codeFor = ({ final, code }: Verdict): Verdict['code'] | undefined =>
      only_aa && code !== 'AA' ? (final ? 'AA' : undefined) : code;
    try {
      await records.add(recordOf(stored, codeFor(verdict) ?? '', verdict, 'connection'));
    } catch (error) {
      // What can't be written down can't be promised either.
      verdict = failure(asProblem(error, log));
    }
    count(channel, verdict, started);
    const code = codeFor(verdict);
    if (code === undefined) return { bytes: undefined, error: undefined, close: true };
    const said = only_aa ? [] : [...(verdict.problem === undefined ? [] : [verdict.problem]), ...problems];
    return { bytes: firstAnswer(header, stored, code, said), error: undefined };
  }

  /** Enhanced mode: what follows over the connection of the message. */
  function laterAnswer(
    channel: Channel,
    { header, problems }: Judged,
    stored: Stored,
    { application }: Wanted,
    started: number | undefined,
  ): LaterAnswer {
    const verdict = conclude(channel, stored, applicationStage(channel.ack));
    const make = async (): Promise<Uint8Array | undefined> => {
      const { code, problem } = await verdict;
      if (!wants(application, code === 'AA')) return undefined;
      const said = [...(problem === undefined ? [] : [problem]), ...problems];
      return applicationAnswer(header!, stored, code, said, 'NE');
    };
    return {
      ready: make(),
      sent(out) {
        const note = async (): Promise<void> => {
          const told = await verdict;
          const facts = { channel: channel.name, message_id: stored.id, code: told.code };
          if (out) count(channel, told, started);
          else log.warn('the connection was gone before the application ACK', facts);
          await records.add(recordOf(stored, told.code, told, out ? 'connection' : 'lost'));
        };
        note().catch((error) =>
          log.warn('application ACK not written down', { reason: asProblem(error, log).code }),
        );
      },
    };
  }

  return {
    async taken(channel, judged, stored, started) {
      const { header, problems } = judged;
      const { ack } = channel;
      const want = wanted(ack, header);
      const code = firstCode(ack, want, undefined);
      if (want === undefined && ack.when !== 'stored') {
        return waitedAnswer(channel, judged, stored, ack.when, started);
      }
      if (code !== undefined) metrics.acknowledged(channel.name, performance.now() - started);
      const follows = want !== undefined && want.application !== 'NE' && ack.application_to === undefined;
      const bytes = code && firstAnswer(header, stored, code, follows || ack.only_aa ? [] : problems);
      if (!follows) return { bytes, error: undefined };
      const begun = code === undefined ? started : undefined;
      return { bytes, error: undefined, later: laterAnswer(channel, judged, stored, want, begun) };
    },

    refused(channel, { header, problems }, stored, error) {
      const { ack = 'AE' } = errorDefinition(error.code);
      const code = firstCode(channel.ack, wanted(channel.ack, header), ack);
      const said = channel.ack.only_aa ? [] : problems;
      return { bytes: code && firstAnswer(header, stored, code, said), error };
    },

    unstored({ ack }, header, received_at, error) {
      const refused = errorDefinition(error.code).ack ?? 'AE';
      const code = ack.only_aa ? undefined : firstCode(ack, wanted(ack, header), refused);
      // Silence must not be taken for success: the connection says that something is wrong.
      if (code === undefined) return { bytes: undefined, error, close: true };
      return { bytes: answerUnstored(header, received_at, code, [problemOf(error)]), error };
    },
  };
}

function auditOf(code: string, way: ApplicationAnswer['way']): string {
  if (code === '') return 'not answered';
  return way === 'lost' ? `answer ${code} lost with its connection` : `answered ${code}`;
}
