/** The sentences that cases are made of. Each throws a `Finding` (fail) that tells what was seen instead. */
import { type Answer, readAnswer } from './answer.ts';
import type { CaseContext } from './case.ts';
import type { Message } from './message.ts';
import { Finding, failed } from './verdict.ts';
import type { Line } from './wire.ts';

/** The next answer, which has to name this message in MSA-2. */
export async function answerTo(line: Line, message: Message, within_ms?: number): Promise<Answer> {
  const answer = readAnswer((await line.read(within_ms)).bytes);
  if (answer.control_id !== message.control_id) {
    throw failed(
      `expected the answer to ${message.control_id}, got ${answer.code} for "${answer.control_id}"`,
    );
  }
  return answer;
}

/** Sends a message in one piece and waits for its answer. */
export async function exchange(line: Line, message: Message): Promise<Answer> {
  await line.write(message.framed);
  return answerTo(line, message);
}

/** A reaction that credits nothing under a wrong name, and is not silence. In words. */
export function sane(reacted: Reaction, message: Message, within_ms: number): string {
  if (reacted === 'silence') throw failed(`no answer within ${within_ms} ms, and the connection stays open`);
  if (reacted !== 'closed' && reacted.taken && reacted.control_id !== message.control_id)
    throw failed(`taken under another name: ${reacted.says} for "${reacted.control_id}"`);
  return reactionShown(reacted);
}

/** Passes on an answer that says AA or CA. */
export function taken(answer: Answer, what = 'the message'): Answer {
  if (!answer.taken) throw failed(`${what} was answered ${answer.says}`);
  return answer;
}

/** Sends messages one after another without waiting, then reads an answer to each, in order. */
export async function pipeline(line: Line, messages: readonly Message[]): Promise<Answer[]> {
  await line.write(Buffer.concat(messages.map(({ framed }) => framed)));
  const answers: Answer[] = [];
  for (const [i, message] of messages.entries()) {
    answers.push(
      await naming(`answer ${i + 1} of ${messages.length}`, async () => taken(await answerTo(line, message))),
    );
  }
  return answers;
}

/** Nothing more may come. */
export async function nothingMore(line: Line, within_ms: number): Promise<void> {
  const extra = await line.poll(within_ms);
  if (extra === undefined) return;
  const { code, control_id } = readAnswer(extra.bytes);
  throw failed(`one answer too many: ${code} for "${control_id}"`);
}

/** After all that, a plain message on a connection of its own is taken as ever. */
export async function lives(context: CaseContext): Promise<void> {
  await naming('afterwards, a plain message on a new connection', async () => {
    const line = await context.open();
    taken(await exchange(line, context.compose()));
    await line.close();
  });
}

/** Runs a part of a case; a fault that it finds says which part. */
export async function naming<Found>(part: string, run: () => Promise<Found>): Promise<Found> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Finding && error.verdict.outcome === 'fail') {
      throw failed(`${part}: ${error.verdict.saw}`);
    }
    throw error;
  }
}

/** See `reaction`. */
export type Reaction = Answer | 'closed' | 'silence';

/**
 * What a receiver did with a block that nobody has to take: its answer, or that it closed, or that nothing came.
 * A receiver that closes has said clearly enough that it took nothing.
 */
export async function reaction(line: Line, within_ms: number): Promise<Reaction> {
  const found = await line.poll(within_ms);
  if (found !== undefined) return readAnswer(found.bytes);
  return line.over === undefined ? 'silence' : 'closed';
}

/** A reaction in words. */
export function reactionShown(reacted: Reaction): string {
  if (reacted === 'closed') return 'it closed the connection';
  return reacted === 'silence' ? 'no answer' : `answered ${reacted.says}`;
}

/** What came of bytes that a sane message followed. */
export interface Aftermath {
  /** Answers before that of the message. */
  readonly before: readonly Answer[];
  /** The answer to the message; undefined when the receiver closed instead. */
  readonly after: Answer | undefined;
}

/**
 * Sends bytes, then a sane message on the same connection, and reads until that is answered: so that silence about the bytes is
 * seen without waiting. Fails where the message gets no answer and the connection stays open: its sender would wait in vain.
 */
export async function followed(line: Line, bytes: Uint8Array, message: Message): Promise<Aftermath> {
  await line.write(Buffer.concat([bytes, message.framed]));
  const before: Answer[] = [];
  for (;;) {
    const part = ['the message that followed', ...before.map(({ says }) => `after ${says}`)].join(', ');
    const found = await naming(part, () => readUnlessClosed(line));
    if (found === undefined) return { before, after: undefined };
    const answer = readAnswer(found);
    if (answer.control_id === message.control_id) return { before, after: answer };
    before.push(answer);
  }
}

async function readUnlessClosed(line: Line): Promise<Buffer | undefined> {
  try {
    return (await line.read()).bytes;
  } catch (error) {
    if (error instanceof Finding && line.over !== undefined) return undefined;
    throw error;
  }
}

/** The aftermath in words. */
export function aftermathShown({ before, after }: Aftermath): string {
  const first = before.map((answer) => `${answer.says} for "${answer.control_id}"`).join(', ');
  const then = after === undefined ? 'then it closed' : `the message that followed: ${after.says}`;
  return `${first || 'no answer of its own'}; ${then}`;
}
