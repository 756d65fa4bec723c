/** The same message again. Senders send again whenever an answer is late; the answer must not depend on it. */
import { type CaseContext, group } from '../case.ts';
import type { Message } from '../message.ts';
import { answerTo, exchange, nothingMore, pipeline, taken } from '../talk.ts';
import { failed, pass, skipped } from '../verdict.ts';

/** A new connection, the message, and its answer, which has to be AA or CA. */
async function again(context: CaseContext, message: Message): Promise<string> {
  const line = await context.open();
  const { msa } = taken(await exchange(line, message), 'the message sent again');
  await line.close();
  return msa;
}

export const duplicate = group('duplicate', [
  {
    id: 'same-code',
    title: 'the same message twice gets the same code',
    why: 'The sender sends again because it does not know. A refusal for a duplicate makes it think that the message is lost. HL7 2.9 §2.9.2.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      const message = context.compose();
      const first = taken(await exchange(line, message), 'the first');
      const second = await exchange(line, message);
      if (second.code !== first.code) throw failed(`first ${first.says}, then ${second.says}`);
      await nothingMore(line, context.scale.quiet_ms);
      return pass(`${first.says}, then ${second.says}`);
    },
  },
  {
    id: 'same-answer',
    title: 'the same message twice gets the same MSA, byte for byte',
    why: 'An answer that differs says that the message was processed anew. HL7 2.9 chapter 2, MSA.',
    level: 'should',
    async run(context) {
      const line = await context.open();
      const message = context.compose();
      const first = taken(await exchange(line, message), 'the first').msa;
      const second = taken(await exchange(line, message), 'the second').msa;
      if (second !== first) throw failed(`first ${first}, then ${second}`);
      return pass(first);
    },
  },
  {
    id: 'other-connection',
    title: 'the same message again on another connection is taken',
    why: 'After a time-out a sender connects anew. HL7 2.9 §2.9.2.',
    level: 'must',
    async run(context) {
      const message = context.compose();
      const first = await again(context, message);
      return pass(`${first}, then ${await again(context, message)}`);
    },
  },
  {
    id: 'lost-answer',
    title: 'sent again after the connection was lost before the answer, it is taken',
    why: 'The commonest duplicate: the message arrived, the answer did not. HL7 2.9 §2.9.2.',
    level: 'must',
    async run(context) {
      const message = context.compose();
      for (let i = 0; i < 5; i++) {
        const line = await context.open();
        await line.write(message.framed);
        line.reset();
      }
      return pass(`five connections lost, then ${await again(context, message)}`);
    },
  },
  {
    id: 'under-way',
    title: 'the same message three times without waiting gets three answers',
    why: 'The second comes while the first is being stored: both must not be refused, nor one forgotten. HL7 2.9 §2.9.2.',
    level: 'must',
    async run(context) {
      const message = context.compose();
      const answers = await pipeline(await context.open(), [message, message, message]);
      return pass(answers.map(({ code }) => code).join(', '));
    },
  },
  {
    id: 'at-once',
    title: 'the same message at once on ten connections gets ten answers',
    why: 'Clustered senders do it. Whoever comes second must not be refused. HL7 2.9 §2.9.2.',
    level: 'must',
    async run(context) {
      const message = context.compose();
      const lines = await Promise.all(Array.from({ length: 10 }, () => context.open()));
      const codes = await Promise.all(lines.map(async (line) => taken(await exchange(line, message)).code));
      return pass(codes.join(', '));
    },
  },
  {
    id: 'other-content',
    title: 'the same control id with other content is not met with silence',
    why: 'A sender that counts anew after a restart does it. AA for it means that the new content is safe, too; a refusal is right as well. HL7 2.9 chapter 2, MSH-10.',
    level: 'should',
    async run(context) {
      const line = await context.open();
      const message = context.compose();
      taken(await exchange(line, message), 'the first');
      const other = context.compose({ control_id: message.control_id, more: ['NTE|1||other content'] });
      await line.write(other.framed);
      const answer = await answerTo(line, other);
      return pass(`first taken, then ${answer.says}`);
    },
  },
  {
    id: 'refused-again',
    title: 'a refused message sent again is refused again',
    why: 'If the second try is AA because "it is known", a message that was never taken is gone. HL7 2.9 §2.9.2.2.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      const message = context.compose({ type: 'ZZZ^Z99' });
      const first = await exchange(line, message);
      if (first.taken) throw skipped('it takes ZZZ^Z99: there is no refusal to repeat');
      const second = await exchange(line.over === undefined ? line : await context.open(), message);
      if (second.code !== first.code) throw failed(`first ${first.says}, then ${second.says}`);
      return pass(`${first.code}, then ${second.code}`);
    },
  },
]);
