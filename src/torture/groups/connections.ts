/** Many connections, short ones, long ones. */
import { type CaseContext, group } from '../case.ts';
import { pause } from '../pause.ts';
import { exchange, lives, naming, taken } from '../talk.ts';
import { pass } from '../verdict.ts';

/** A message on a connection. */
async function talk(
  context: CaseContext,
  line: Awaited<ReturnType<CaseContext['open']>>,
  part: string,
): Promise<void> {
  await naming(part, async () => taken(await exchange(line, context.compose())));
}

export const connections = group('connections', [
  {
    id: 'many',
    title: 'many connections at once are all served',
    why: 'Each device of a ward may have one of its own.',
    level: 'must',
    async run(context) {
      const count = context.scale.connections;
      const lines = await Promise.all(Array.from({ length: count }, () => context.open()));
      await Promise.all(lines.map((line, i) => talk(context, line, `connection ${i + 1} of ${count}`)));
      return pass(`${count} connections, each with a message that was taken`);
    },
  },
  {
    id: 'silent',
    title: 'connections that say nothing take nobody else’s place',
    why: 'Monitors of the network connect and wait; a receiver with a thread a connection runs out of them.',
    level: 'should',
    async run(context) {
      const count = context.scale.connections;
      await Promise.all(Array.from({ length: count }, () => context.open()));
      await lives(context);
      return pass(`${count} silent connections; a plain message was taken beside them`);
    },
  },
  {
    id: 'churn',
    title: 'connections that open and close in quick succession do no harm',
    why: 'Load balancers probe every second, for years: what is not given back is missing one day.',
    level: 'must',
    async run(context) {
      const count = context.scale.churn;
      for (let i = 0; i < count; i++) await (await context.open()).close();
      await lives(context);
      return pass(`${count} times connected and closed; afterwards a plain message was taken`);
    },
  },
  {
    id: 'one-message-each',
    title: 'a connection for each message is served',
    why: 'The other habit of senders: connect, send, read, close. MLLP R1 allows both.',
    level: 'must',
    async run(context) {
      for (let i = 0; i < 50; i++) await lives(context);
      return pass('50 connections, one message each, all taken');
    },
  },
  {
    id: 'lasting',
    title: 'fifty messages in turn over one connection are taken',
    why: 'The habit of most senders: one connection that stays. MLLP R1.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      for (let i = 0; i < 50; i++) await talk(context, line, `message ${i + 1}`);
      return pass('50 messages, 50 answers, one connection');
    },
  },
  {
    id: 'idle',
    title: 'a connection that was idle for a while is still good',
    why: 'At night there is a message every few minutes. Where the receiver closes, the sender should see it, and not lose a message by it.',
    level: 'should',
    limit_ms: ({ idle_ms }, timeout_ms) => 2 * idle_ms + 2 * timeout_ms,
    async run(context) {
      const line = await context.open();
      await talk(context, line, 'before');
      await pause(context.scale.idle_ms);
      await talk(context, line, `after ${context.scale.idle_ms} ms of silence`);
      return pass(`taken after ${context.scale.idle_ms} ms of silence`);
    },
  },
]);
