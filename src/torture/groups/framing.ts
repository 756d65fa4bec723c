/** Framing as every sender does it, however the network cuts it: each message answered, once, by its name. */
import { readAnswer } from '../answer.ts';
import { type CaseContext, group } from '../case.ts';
import { pause } from '../pause.ts';
import { shown } from '../shown.ts';
import { answerTo, exchange, naming, nothingMore, pipeline, taken } from '../talk.ts';
import { failed, pass } from '../verdict.ts';

/** Long enough for the first piece to be read before the second is sent. */
const BETWEEN_PIECES_MS = 2;

/** Cuts bytes at random into at most `most` bytes a piece. */
function cut(bytes: Buffer, most: number, random: () => number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + Math.floor(random() * most);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

/** Sends messages in pieces, then wants an answer to each, in order. */
async function inPieces(context: CaseContext, count: number, most: number): Promise<number> {
  const line = await context.open();
  const messages = Array.from({ length: count }, () => context.compose());
  const pieces = cut(Buffer.concat(messages.map(({ framed }) => framed)), most, context.random);
  for (const piece of pieces) {
    await line.write(piece);
    await pause(BETWEEN_PIECES_MS);
  }
  for (const message of messages) taken(await answerTo(line, message));
  await nothingMore(line, context.scale.quiet_ms);
  return pieces.length;
}

export const framing = group('framing', [
  {
    id: 'one-write',
    title: 'a block in one write is answered',
    why: 'The plainest case there is. Where it fails, no other tells anything: let the channel take the message, or name one with --message. MLLP R1, block format.',
    level: 'must',
    async run(context) {
      const message = context.compose();
      const answer = taken(await exchange(await context.open(), message));
      return pass(`sent ${shown(message.framed)}, got ${shown(answer.bytes)}`);
    },
  },
  {
    id: 'answer-block',
    title: 'the answer is one block, with nothing around it',
    why: 'A sender that counts bytes takes what stands around the block for the next answer. MLLP R1: SB, data, EB, CR.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      for (let i = 0; i < 3; i++) {
        const message = context.compose();
        await line.write(message.framed);
        const { before, bytes } = await line.read();
        if (before.length > 0) throw failed(`${shown(before)} before the block`);
        if (readAnswer(bytes).control_id !== message.control_id)
          throw failed(`not its answer: ${shown(bytes)}`);
      }
      await nothingMore(line, context.scale.quiet_ms);
      if (line.rest.length > 0) throw failed(`${shown(line.rest)} behind the block`);
      return pass('three answers, each <VT>…<FS><CR>, nothing between and nothing after');
    },
  },
  {
    id: 'answer-segments',
    title: 'segments of the answer end with CR, and only with it',
    why: 'Senders split at CR; with LF, MSA is not found and the message is sent again for ever. HL7 2.9 §2.5.2.',
    level: 'should',
    async run(context) {
      const { bytes } = await exchange(await context.open(), context.compose());
      if (bytes.includes(0x0a)) throw failed(`LF in ${shown(bytes)}`);
      if (bytes.at(-1) !== 0x0d) throw failed(`no CR at the end of ${shown(bytes)}`);
      return pass(shown(bytes));
    },
  },
  {
    id: 'split-everywhere',
    title: 'a message cut in two at every byte is one message',
    why: 'TCP has no messages. A receiver that takes each read for a message loses those that a router cuts. MLLP R1, block format.',
    level: 'must',
    limit_ms: (_, timeout_ms) => 60_000 + timeout_ms,
    async run(context) {
      const line = await context.open();
      let at = 1;
      for (let message = context.compose(); at < message.framed.length; message = context.compose()) {
        const { framed } = message;
        const where = `cut after ${at} bytes of ${framed.length}`;
        await line.write(framed.subarray(0, at));
        await pause(BETWEEN_PIECES_MS);
        // FS is the end of the block to some; but before it, nobody can know that it is over.
        const early = at < framed.length - 1 ? await line.poll(0) : undefined;
        if (early !== undefined) throw failed(`${where}: answered before the block was over`);
        await line.write(framed.subarray(at));
        await naming(where, async () => taken(await answerTo(line, message)));
        at += 1;
      }
      await nothingMore(line, context.scale.quiet_ms);
      return pass(`${at - 1} messages, each cut one byte later, each answered once`);
    },
  },
  {
    id: 'byte-by-byte',
    title: 'a message that comes byte by byte is one message',
    why: 'Serial bridges and slow gateways send so. MLLP R1, block format.',
    level: 'must',
    async run(context) {
      const pieces = await inPieces(context, 1, 1);
      return pass(`answered once, after ${pieces} bytes one by one`);
    },
  },
  {
    id: 'pieces-of-several',
    title: 'messages cut at random, across their blocks, are told apart',
    why: 'The end of one block and the start of the next share a packet whenever the sender is quick. MLLP R1, block format.',
    level: 'must',
    async run(context) {
      const pieces = await inPieces(context, 20, 200);
      return pass(`20 messages in ${pieces} pieces, 20 answers in order`);
    },
  },
  {
    id: 'many-in-one-write',
    title: 'twenty messages in one write are twenty messages',
    why: 'A receiver that reads one block a read drops the rest, or answers it with the next one. MLLP R1, block format.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      await pipeline(
        line,
        Array.from({ length: 20 }, () => context.compose()),
      );
      await nothingMore(line, context.scale.quiet_ms);
      return pass('20 answers in order');
    },
  },
  {
    id: 'block-end-split',
    title: 'an end block whose CR comes late is still an end block',
    why: 'FS at the end of one packet and CR in the next happens once in every few hundred cut messages. MLLP R1, block format.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      const [first, second] = [context.compose(), context.compose()];
      await line.write(first.framed.subarray(0, -1));
      await pause(BETWEEN_PIECES_MS * 10);
      await line.write(Buffer.concat([first.framed.subarray(-1), second.framed]));
      taken(await answerTo(line, first), 'the first');
      taken(await answerTo(line, second), 'the second');
      await nothingMore(line, context.scale.quiet_ms);
      return pass('both answered, once');
    },
  },
]);
