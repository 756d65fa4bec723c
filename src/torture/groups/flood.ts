/** As many messages as go in. Every one is answered, by its name, once, in the order of its connection. */
import { readAnswer } from '../answer.ts';
import { type CaseContext, group } from '../case.ts';
import type { Message } from '../message.ts';
import { naming, nothingMore, pipeline } from '../talk.ts';
import { failed, pass } from '../verdict.ts';
import type { Line } from '../wire.ts';

const LINES = 8;
/** Messages under way on a connection. */
const WINDOW = 16;

/** Sends messages with `WINDOW` under way, wants their answers in order. How long each answer took, in ms. */
async function stream(
  line: Line,
  messages: readonly Message[],
  taking: (message: Message) => boolean,
): Promise<number[]> {
  const started: number[] = [];
  const took: number[] = [];
  const send = async (i: number): Promise<void> => {
    const message = messages[i];
    if (message === undefined) return;
    started[i] = performance.now();
    await line.write(message.framed);
  };
  for (let i = 0; i < WINDOW; i++) await send(i);
  for (const [i, message] of messages.entries()) {
    const { code, control_id, taken, says } = readAnswer(
      (await naming(`answer ${i + 1}`, () => line.read())).bytes,
    );
    took.push(performance.now() - started[i]!);
    if (control_id !== message.control_id)
      throw failed(`answer ${i + 1}: expected "${message.control_id}", got ${code} for "${control_id}"`);
    if (taken !== taking(message)) throw failed(`answer ${i + 1}, to ${message.type}: ${says}`);
    await send(i + WINDOW);
  }
  return took;
}

/** All connections at once. */
async function flooded(
  context: CaseContext,
  make: (n: number) => Message,
  taking: (message: Message) => boolean,
): Promise<string> {
  const each = Math.ceil(context.scale.flood / LINES);
  const lines = await Promise.all(Array.from({ length: LINES }, () => context.open()));
  const started = performance.now();
  const times = await Promise.all(
    lines.map((line, i) =>
      naming(`connection ${i + 1}`, () =>
        stream(
          line,
          Array.from({ length: each }, (_, n) => make(n)),
          taking,
        ),
      ),
    ),
  );
  const seconds = (performance.now() - started) / 1000;
  await Promise.all(lines.map((line) => nothingMore(line, context.scale.quiet_ms)));
  const took = times.flat().sort((a, b) => a - b);
  const at = (share: number): string => `${took[Math.floor((took.length - 1) * share)]!.toFixed(1)} ms`;
  return `${took.length} messages on ${LINES} connections, ${took.length} answers in order, ${Math.round(took.length / seconds)} /s, answer p50 ${at(0.5)}, p99 ${at(0.99)}`;
}

/** A receiver that takes fifty a second is slow, and not wrong. */
const limit_ms = ({ flood }: { flood: number }, timeout_ms: number): number => flood * 20 + 2 * timeout_ms;

export const flood = group('flood', [
  {
    id: 'steady',
    title: 'thousands of messages on eight connections: none lost, none doubled, all in order',
    why: 'After an outage every sender empties its queue at once. HL7 2.9 §2.9.2; MLLP R1.',
    level: 'must',
    limit_ms,
    run: async (context) =>
      pass(
        await flooded(
          context,
          () => context.compose(),
          () => true,
        ),
      ),
  },
  {
    id: 'with-bad-ones',
    title: 'the same with every fifth message refused: each answer is to its own message',
    why: 'A refusal is quicker than an acceptance, which waits for the disk. It must not overtake. HL7 2.9 §2.9.2.',
    level: 'must',
    limit_ms,
    async run(context) {
      // Without MSH-9 nobody can take it; where a receiver does, it has to take all of them.
      const bad = (message: Message): boolean => message.type === '';
      const line = await context.open();
      const probe = context.compose({ type: '' });
      await line.write(probe.framed);
      const takes = readAnswer((await line.read()).bytes).taken;
      const make = (n: number): Message => context.compose(n % 5 === 0 ? { type: '' } : {});
      return pass(await flooded(context, make, (message) => takes || !bad(message)));
    },
  },
  {
    id: 'burst',
    title: 'a thousand messages in one write are all answered, in order',
    why: 'A sender that pipelines without a window. The receiver holds it back by not reading on; it drops nothing. MLLP R1; RFC 9293 §3.8.',
    level: 'must',
    limit_ms,
    async run(context) {
      const line = await context.open();
      const count = Math.ceil(context.scale.flood / 5);
      await pipeline(
        line,
        Array.from({ length: count }, () => context.compose()),
      );
      await nothingMore(line, context.scale.quiet_ms);
      return pass(`${count} messages in one write, ${count} answers in order`);
    },
  },
]);
