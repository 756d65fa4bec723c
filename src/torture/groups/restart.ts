/** The receiver is stopped and started again: what was acknowledged stays so. */
import { type Case, type CaseContext, group } from '../case.ts';
import type { Message } from '../message.ts';
import { pause } from '../pause.ts';
import { exchange, lives, naming, taken } from '../talk.ts';
import { Finding, failed, pass, skipped } from '../verdict.ts';
import type { Line } from '../wire.ts';

const UP_AGAIN_MS = 120_000;
const limit_ms = (): number => 2 * UP_AGAIN_MS;

/** Runs the restart, then waits until a message is taken: what is dying may still let a connection in. */
async function restarted(context: CaseContext): Promise<void> {
  await context.restart?.();
  await sendUntilTaken(context, [context.compose()]);
}

/** A connection, as soon as there is one to be had. */
async function connected(context: CaseContext): Promise<Line> {
  const deadline = performance.now() + UP_AGAIN_MS;
  for (;;) {
    try {
      return await context.open();
    } catch (error) {
      if (!(error instanceof Finding) || context.over.aborted) throw error;
      if (performance.now() > deadline) throw failed(`not up again within ${UP_AGAIN_MS} ms`);
      await pause(200);
    }
  }
}

/** Sends until it is taken, as a sender does: a new connection and the same bytes after each trouble. */
async function sendUntilTaken(context: CaseContext, messages: readonly Message[]): Promise<number> {
  let line = await connected(context);
  let again = 0;
  for (const message of messages) {
    while (!context.over.aborted) {
      try {
        const answer = await exchange(line, message);
        if (answer.taken) break;
        if (answer.code.endsWith('R'))
          throw failed(`${message.control_id} was refused for good: ${answer.says}`);
      } catch (error) {
        if (!(error instanceof Finding) || line.over === undefined) throw error;
      }
      again += 1;
      await line.close();
      await pause(100);
      line = await connected(context);
    }
  }
  return again;
}

const cases: readonly Omit<Case, 'group'>[] = [
  {
    id: 'acknowledged-stays',
    title: 'what was acknowledged before a restart gets the same answer after it',
    why: 'A list of duplicates in memory is gone then, and each message is processed twice. HL7 2.9 §2.9.2.',
    level: 'must',
    limit_ms,
    async run(context) {
      const line = await context.open();
      const messages = Array.from({ length: 20 }, () => context.compose());
      const before: string[] = [];
      for (const message of messages) before.push(taken(await exchange(line, message)).msa);
      await restarted(context);
      const anew = await context.open();
      for (const [i, message] of messages.entries()) {
        const { msa } = await naming('after the restart', async () => taken(await exchange(anew, message)));
        if (msa.split(/[^A-Z]/)[1] !== before[i]!.split(/[^A-Z]/)[1])
          throw failed(`before ${before[i]}, after ${msa}`);
      }
      return pass('20 messages, 20 times the same answer');
    },
  },
  {
    id: 'under-way',
    title: 'a restart in the middle of traffic: every message is taken in the end',
    why: 'Updates happen at noon. A message that got no answer is sent again, and has to be taken then. HL7 2.9 §2.9.2.',
    level: 'must',
    limit_ms,
    async run(context) {
      const messages = Array.from({ length: 4 }, () => Array.from({ length: 100 }, () => context.compose()));
      const sending = Promise.all(messages.map((ones) => sendUntilTaken(context, ones)));
      // Whichever fails first, the other is waited for: a restart must not reach into the next case.
      const [sent, up] = await Promise.allSettled([sending, restarted(context)]);
      if (up.status === 'rejected') throw up.reason;
      if (sent.status === 'rejected') throw sent.reason;
      const again = sent.value.reduce((sum, count) => sum + count, 0);
      await lives(context);
      return pass(`400 messages on 4 connections, all taken, ${again} times sent again`);
    },
  },
];

export const restart = group(
  'restart',
  cases.map((one) => ({
    ...one,
    run: async (context: CaseContext) => {
      if (context.restart === undefined)
        throw skipped('not run: nobody said how to restart it (--restart-command)');
      return one.run(context);
    },
  })),
);
