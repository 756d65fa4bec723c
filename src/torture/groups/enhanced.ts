/** Enhanced acknowledgement mode: MSH-15 and MSH-16 say which answers the sender wants, and when. */
import type { Answer } from '../answer.ts';
import { type Case, type CaseContext, group } from '../case.ts';
import { answerTo, exchange, lives, nothingMore, taken } from '../talk.ts';
import { failed, info, pass, skipped } from '../verdict.ts';

/** What no receiver knows. */
const UNKNOWN_TYPE = 'ZZZ^Z99';

/** Skips the case where the receiver knows original mode only. */
async function needsEnhancedMode(context: CaseContext): Promise<void> {
  const line = await context.open();
  const { code, says } = await exchange(line, context.compose({ wants: ['AL', 'NE'] }));
  await line.close();
  if (code !== 'CA') throw skipped(`no enhanced mode here: MSH-15 AL, MSH-16 NE was answered ${says}`);
}

/** A case in enhanced mode that wants no answer. */
function silent(id: string, title: string, wants: [string, string], bad: boolean): Omit<Case, 'group'> {
  return {
    id,
    title,
    why: 'A sender that asked for no answer takes one for that of its next message. HL7 2.9 §2.9.3, table 0155.',
    level: 'should',
    async run(context) {
      await needsEnhancedMode(context);
      const line = await context.open();
      await line.write(context.compose({ wants, ...(bad ? { type: UNKNOWN_TYPE } : {}) }).framed);
      await nothingMore(line, context.scale.quiet_ms);
      if (line.over !== undefined) throw failed(`it closed the connection (${line.over})`);
      await lives(context);
      return pass(`no answer within ${context.scale.quiet_ms} ms, as was asked`);
    },
  };
}

function wantsCommit(answer: Answer): Answer {
  if (answer.code !== 'CA') throw failed(`expected CA, got ${answer.says}`);
  return answer;
}

export const enhanced = group('enhanced', [
  {
    id: 'always',
    title: 'MSH-15 AL: a commit answer at once, or a clear refusal',
    why: 'AA says that the message was processed, CA that it is safe. A sender in enhanced mode waits for CA. HL7 2.9 §2.9.3.2; MLLP R2 wants a commit answer, too.',
    level: 'should',
    async run(context) {
      const answer = await exchange(await context.open(), context.compose({ wants: ['AL', 'NE'] }));
      if (answer.code === 'AA') throw failed('expected CA or a refusal, got AA: MSH-15 is not looked at');
      return pass(answer.says);
    },
  },
  {
    id: 'always-once',
    title: 'MSH-15 AL, MSH-16 NE: one commit answer and no application answer',
    why: 'An application answer that nobody asked for is taken for something else. HL7 2.9 §2.9.3, table 0155.',
    level: 'should',
    async run(context) {
      await needsEnhancedMode(context);
      const line = await context.open();
      wantsCommit(await exchange(line, context.compose({ wants: ['AL', 'NE'] })));
      await nothingMore(line, context.scale.quiet_ms);
      return pass(`CA, and nothing within ${context.scale.quiet_ms} ms after it`);
    },
  },
  silent('never', 'MSH-15 NE, MSH-16 NE: no answer at all', ['NE', 'NE'], false),
  silent('on-error-and-good', 'MSH-15 ER: no commit answer to a good message', ['ER', 'NE'], false),
  silent('on-success-and-bad', 'MSH-15 SU: no commit answer to a bad message', ['SU', 'NE'], true),
  {
    id: 'on-success-and-good',
    title: 'MSH-15 SU: CA to a good message',
    why: 'The sender waits for it. HL7 2.9 §2.9.3, table 0155.',
    level: 'should',
    async run(context) {
      await needsEnhancedMode(context);
      const answer = await exchange(await context.open(), context.compose({ wants: ['SU', 'NE'] }));
      return pass(wantsCommit(answer).says);
    },
  },
  {
    id: 'on-error-and-bad',
    title: 'MSH-15 ER: CE or CR to a bad message',
    why: 'It is the only thing that the sender wants to hear of. HL7 2.9 §2.9.3.2.',
    level: 'should',
    async run(context) {
      await needsEnhancedMode(context);
      const line = await context.open();
      const answer = await exchange(line, context.compose({ wants: ['ER', 'NE'], type: UNKNOWN_TYPE }));
      if (answer.taken) throw skipped(`it takes ${UNKNOWN_TYPE}: there is no refusal to look at`);
      if (!answer.code.startsWith('C')) throw failed(`expected CE or CR, got ${answer.says}`);
      return pass(answer.says);
    },
  },
  {
    id: 'both',
    title: 'MSH-15 AL, MSH-16 AL: CA first, the application answer later',
    why: 'The application answer may come on this connection or on another; before CA it may not. HL7 2.9 §2.9.3.',
    level: 'should',
    async run(context) {
      await needsEnhancedMode(context);
      const line = await context.open();
      const message = context.compose({ wants: ['AL', 'AL'] });
      wantsCommit(await exchange(line, message));
      const later = await line.poll(context.scale.quiet_ms);
      if (later === undefined) return pass('CA; the application answer did not come on this connection');
      return pass(`CA, then ${later.bytes.includes('MSA') ? 'an application answer' : 'another message'}`);
    },
  },
  {
    id: 'application-only',
    title: 'MSH-15 NE, MSH-16 AL: an application answer and no commit answer',
    why: 'CA would be taken for the answer to something else. HL7 2.9 §2.9.3, table 0155.',
    level: 'should',
    async run(context) {
      await needsEnhancedMode(context);
      const line = await context.open();
      const message = context.compose({ wants: ['NE', 'AL'] });
      await line.write(message.framed);
      const first = await line.poll(context.scale.quiet_ms);
      if (first === undefined)
        return info(`no answer within ${context.scale.quiet_ms} ms on this connection`);
      await line.close();
      const text = first.bytes.toString('latin1');
      if (/[\r\n]MSA.C/.test(text)) throw failed('a commit answer came, which was not asked for');
      return pass('an application answer, and no commit answer');
    },
  },
  {
    id: 'mixed',
    title: 'both modes on one connection: each message is answered in its own',
    why: 'Routers carry many senders over one connection. HL7 2.9 §2.9.1: MSH-15 and 16 are of each message.',
    level: 'should',
    async run(context) {
      await needsEnhancedMode(context);
      const line = await context.open();
      const [original, commit] = [context.compose(), context.compose({ wants: ['AL', 'NE'] })];
      const last = context.compose();
      await line.write(Buffer.concat([original.framed, commit.framed, last.framed]));
      const codes: string[] = [];
      for (const message of [original, commit, last]) codes.push(taken(await answerTo(line, message)).code);
      if (codes.join() !== 'AA,CA,AA') throw failed(`expected AA, CA, AA, got ${codes.join(', ')}`);
      return pass(codes.join(', '));
    },
  },
]);
