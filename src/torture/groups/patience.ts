/** Peers that are slow, go away, or come back with nothing: they harm nobody but themselves. */
import { readAnswer } from '../answer.ts';
import { type CaseContext, group } from '../case.ts';
import { pause } from '../pause.ts';
import { sizeShown } from '../shown.ts';
import { answerTo, exchange, lives, naming, nothingMore, taken } from '../talk.ts';
import { failed, info, pass } from '../verdict.ts';
import type { Line } from '../wire.ts';

/** In how many pieces the slow sender sends. */
const SLOW_PIECES = 25;

/** Sends bytes over so long a time. */
async function trickle(line: Line, bytes: Buffer, over_ms: number): Promise<void> {
  const size = Math.ceil(bytes.length / SLOW_PIECES);
  for (let at = 0; at < bytes.length; at += size) {
    await line.write(bytes.subarray(at, at + size));
    await pause(over_ms / SLOW_PIECES);
  }
}

/** Twenty connections that do something rude; afterwards a plain message is taken. */
async function twenty(context: CaseContext, act: (line: Line) => Promise<void>): Promise<void> {
  for (let i = 0; i < 20; i++) await act(await context.open());
  await lives(context);
}

export const patience = group('patience', [
  {
    id: 'slow-sender',
    title: 'a sender that takes its time is served, and keeps nobody waiting',
    why: 'Modems and VPNs are slow. A receiver that reads one connection at a time stands still for all. MLLP R1 knows no time limit within a block.',
    level: 'must',
    limit_ms: ({ slow_ms }, timeout_ms) => 2 * slow_ms + 3 * timeout_ms,
    async run(context) {
      const [slow, quick] = await Promise.all([context.open(), context.open()]);
      const message = context.compose();
      let done = false;
      const trickled = trickle(slow, message.framed, context.scale.slow_ms).finally(() => {
        done = true;
      });
      let beside = 0;
      while (!done) {
        await naming('on another connection, meanwhile', async () =>
          taken(await exchange(quick, context.compose())),
        );
        beside += 1;
        await pause(context.scale.slow_ms / 20);
      }
      await trickled;
      const answer = taken(await answerTo(slow, message), 'the slow message');
      return pass(
        `${answer.code} after ${context.scale.slow_ms} ms of sending; ${beside} messages answered meanwhile`,
      );
    },
  },
  {
    id: 'half-close',
    title: 'a sender that closes its side after the message still gets the answer',
    why: 'Command-line senders do it. Without an answer they send again. TCP knows half-closed connections (RFC 9293 §3.6).',
    level: 'should',
    async run(context) {
      const line = await context.open();
      const message = context.compose();
      await line.write(message.framed);
      line.end();
      const answer = taken(await answerTo(line, message));
      await lives(context);
      return pass(`FIN sent behind the message, ${answer.says} came`);
    },
  },
  {
    id: 'half-close-unfinished',
    title: 'a connection that the sender has closed is closed by the receiver, too',
    why: 'Left open, they pile up until no new one is taken. RFC 9293 §3.6.',
    level: 'should',
    async run(context) {
      const line = await context.open();
      taken(await exchange(line, context.compose()));
      line.end();
      await line.ended(context.timeout_ms);
      if (line.over === undefined) throw failed(`still open ${context.timeout_ms} ms after FIN`);
      return pass(line.over);
    },
  },
  {
    id: 'reset-in-block',
    title: 'a connection reset in mid-block does no harm',
    why: 'Firewalls and crashing senders do it daily. MLLP R1.',
    level: 'must',
    async run(context) {
      await twenty(context, async (line) => {
        const { framed } = context.compose();
        await line.write(framed.subarray(0, framed.length / 2));
        line.reset();
      });
      return pass('20 connections reset in mid-block; afterwards a plain message was taken');
    },
  },
  {
    id: 'reset-before-answer',
    title: 'a connection reset before the answer does no harm',
    why: 'The answer meets a closed socket; receivers without an error handler die of it.',
    level: 'must',
    async run(context) {
      await twenty(context, async (line) => {
        await line.write(context.compose().framed);
        line.reset();
      });
      return pass('20 connections reset behind a message; afterwards a plain message was taken');
    },
  },
  {
    id: 'block-left-open',
    title: 'a block that is left open harms nobody else',
    why: 'A sender that hangs in mid-message holds its connection, not the receiver. MLLP R1.',
    level: 'must',
    async run(context) {
      const open = await Promise.all(Array.from({ length: 20 }, () => context.open()));
      for (const line of open) await line.write(context.compose().framed.subarray(0, 40));
      await lives(context);
      const message = context.compose();
      const last = open.at(-1)!;
      const closed = open.filter(({ over }) => over !== undefined).length;
      if (last.over !== undefined)
        return pass(`a plain message was taken; ${closed} of 20 closed by the receiver`);
      await last.write(Buffer.concat([Buffer.from('\x1c\r', 'latin1'), message.framed]));
      for (;;) {
        const answer = readAnswer((await naming('the message behind', () => last.read())).bytes);
        if (answer.control_id === message.control_id)
          return pass(`20 blocks left open; a plain message was taken, and one behind: ${answer.says}`);
        if (answer.taken) throw failed(`40 bytes of a message were taken: ${answer.says}`);
      }
    },
  },
  {
    id: 'unread-answers',
    title: 'a sender that never reads its answers harms nobody else, and loses none',
    why: 'Answers pile up: they are held back by not reading on, or kept; a receiver that drops them, or dies of them, loses what it acknowledged. TCP flow control, RFC 9293 §3.8.',
    level: 'must',
    limit_ms: ({ unread }, timeout_ms) => 60_000 + unread * 10 + 2 * timeout_ms,
    async run(context) {
      const line = await context.open();
      line.deafen();
      const messages = Array.from({ length: context.scale.unread }, () => context.compose());
      const writing = line.write(Buffer.concat(messages.map(({ framed }) => framed)));
      await naming('meanwhile', () => lives(context));
      await Promise.race([writing, pause(context.timeout_ms)]);
      line.listen();
      for (const [i, message] of messages.entries())
        await naming(`answer ${i + 1} of ${messages.length}`, async () =>
          taken(await answerTo(line, message)),
        );
      await nothingMore(line, context.scale.quiet_ms);
      const bytes = messages.reduce((sum, { bytes: { length } }) => sum + length, 0);
      return pass(
        `${messages.length} messages (${sizeShown(bytes)}) without reading; then every answer, in order`,
      );
    },
  },
  {
    id: 'closed-by-receiver',
    title: 'how long an idle connection is kept',
    why: 'Senders with lasting connections want to know whether they are closed after a while.',
    level: 'info',
    limit_ms: ({ idle_ms }, timeout_ms) => 2 * idle_ms + timeout_ms,
    async run(context) {
      const line = await context.open();
      await line.ended(context.scale.idle_ms);
      return info(
        line.over === undefined
          ? `still open after ${context.scale.idle_ms} ms without a byte`
          : `${line.over} within ${context.scale.idle_ms} ms`,
      );
    },
  },
]);
