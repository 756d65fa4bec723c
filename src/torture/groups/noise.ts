/** Streams that no sender should send, and some do: what stands around blocks, blocks without start or end, control characters. */
import { type Case, type CaseContext, group } from '../case.ts';
import { shown } from '../shown.ts';
import {
  type Aftermath,
  aftermathShown,
  answerTo,
  followed,
  lives,
  nothingMore,
  reaction,
  reactionShown,
  sane,
  taken,
} from '../talk.ts';
import { failed, info, pass, type Verdict } from '../verdict.ts';
import { block } from '../wire.ts';

const VT = Buffer.from([0x0b]);
const FS = Buffer.from([0x1c]);
const FS_CR = Buffer.from([0x1c, 0x0d]);

/** Sends bytes and a sane message behind them on one connection; nothing among the bytes may be taken for a message. */
async function beside(context: CaseContext, bytes: Uint8Array): Promise<Aftermath> {
  const line = await context.open();
  const aftermath = await followed(line, bytes, context.compose());
  const credited = aftermath.before.find((answer) => answer.taken);
  if (credited !== undefined)
    throw failed(`${shown(bytes)} was taken: ${credited.says} for "${credited.control_id}"`);
  return aftermath;
}

/** As `beside`, and the sane message is taken on the same connection. */
async function ignored(context: CaseContext, bytes: Uint8Array): Promise<Verdict> {
  const aftermath = await beside(context, bytes);
  if (aftermath.after === undefined) throw failed(`after ${shown(bytes)}: ${aftermathShown(aftermath)}`);
  taken(aftermath.after, `the message after ${shown(bytes)}`);
  return pass(`${shown(bytes)}: ${aftermathShown(aftermath)}`);
}

/**
 * A message with an odd byte in its text: one answer by its name, good or bad, and none before the block is over. (A receiver that
 * cut the text there would answer the first half.)
 */
async function whole(context: CaseContext, odd: string): Promise<Verdict> {
  const line = await context.open();
  const message = context.compose({ more: [`NTE|1||left${odd}right`] });
  const beyond = message.framed.lastIndexOf(odd, -3, 'latin1') + 2;
  await line.write(message.framed.subarray(0, beyond));
  if ((await line.poll(context.scale.quiet_ms)) !== undefined)
    throw failed(`answered at ${shown(Buffer.from(odd, 'latin1'))}, before the block was over`);
  await line.write(message.framed.subarray(beyond));
  const answer = await answerTo(line, message);
  await nothingMore(line, context.scale.quiet_ms);
  return pass(`one answer by its name: ${answer.says}`);
}

/** A case that sends bytes between two messages, as keep-alives. */
function keepAlive(id: string, title: string, bytes: string): Omit<Case, 'group'> {
  return {
    id,
    title,
    why: 'Some senders and load balancers keep a connection open with such bytes. Outside of blocks they mean nothing. MLLP R1: a message starts with SB.',
    level: 'should',
    run: (context) => ignored(context, Buffer.from(bytes, 'latin1')),
  };
}

export const noise = group('noise', [
  keepAlive('blank-lines', 'CR and LF between blocks are ignored', '\r\n\r\n\n'),
  keepAlive('nul-keep-alive', 'NUL bytes between blocks are ignored', '\0\0\0'),
  {
    id: 'lf-after-end',
    title: 'LF after each end block is ignored',
    why: 'Senders that write lines end blocks with FS CR LF. MLLP R1: the block ends with CR; what comes before the next SB is none.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      const messages = [context.compose(), context.compose(), context.compose()];
      for (const { framed } of messages) await line.write(Buffer.concat([framed, Buffer.from('\n')]));
      for (const message of messages) taken(await answerTo(line, message));
      await nothingMore(line, context.scale.quiet_ms);
      return pass('three messages, three answers');
    },
  },
  {
    id: 'junk-between',
    title: 'junk between blocks is dropped, and the next message taken',
    why: 'What is left of a broken block must not swallow the message behind it. MLLP R1: data is what stands between SB and EB.',
    level: 'should',
    async run(context) {
      const line = await context.open();
      const first = context.compose();
      await line.write(first.framed);
      taken(await answerTo(line, first), 'the first');
      const junk = Buffer.from(Array.from({ length: 64 }, () => 0x20 + Math.floor(context.random() * 0x5f)));
      const aftermath = await followed(line, junk, context.compose());
      if (aftermath.after === undefined) throw failed(`after 64 bytes of junk: ${aftermathShown(aftermath)}`);
      taken(aftermath.after, 'the message after 64 bytes of junk');
      return pass(aftermathShown(aftermath));
    },
  },
  {
    id: 'http-request',
    title: 'an HTTP request is not taken, and does no harm',
    why: 'Scanners, load balancers and browsers knock on every port. Answer or none, what comes later must work.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      await line.write(Buffer.from('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n'));
      const reacted = await reaction(line, context.scale.quiet_ms);
      if (typeof reacted === 'object' && reacted.taken) throw failed(`it was taken: ${reacted.says}`);
      await lives(context);
      return pass(reactionShown(reacted));
    },
  },
  {
    id: 'no-start-block',
    title: 'a message without start block is answered or refused, not met with silence',
    why: 'A sender that forgot VT waits for an answer for ever. And AA to it must be for the whole message. MLLP R1: SB is required.',
    level: 'should',
    async run(context) {
      const line = await context.open();
      const message = context.compose();
      await line.write(message.framed.subarray(1));
      const reacted = sane(await reaction(line, context.timeout_ms), message, context.timeout_ms);
      await lives(context);
      return pass(reacted);
    },
  },
  {
    id: 'no-end-block',
    title: 'a message without end block is not merged with the next',
    why: 'Merged, two patients are one message. The first never ended: it may be cut short, so AA for it is wrong; the second is whole. MLLP R1, block format.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      const cut = context.compose();
      const aftermath = await followed(line, cut.framed.subarray(0, -2), context.compose());
      const credited = aftermath.before.find((answer) => answer.taken);
      if (credited !== undefined)
        throw failed(`AA or CA for a message without end: ${credited.says} for "${credited.control_id}"`);
      if (aftermath.after !== undefined) taken(aftermath.after, 'the whole message behind it');
      await nothingMore(line, context.scale.quiet_ms);
      return pass(aftermathShown(aftermath));
    },
  },
  {
    id: 'end-at-close',
    title: 'a message that ends with the connection is not taken',
    why: 'The sender died in mid-message. Nobody can know what was still to come, and AA says that all of it is there. MLLP R1: EB is required.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      const { framed } = context.compose();
      await line.write(framed.subarray(0, -2));
      line.end();
      const reacted = await reaction(line, context.scale.quiet_ms);
      if (typeof reacted === 'object' && reacted.taken)
        throw failed(`taken without its end: ${reacted.says}`);
      await lives(context);
      return pass(reactionShown(reacted));
    },
  },
  {
    id: 'end-without-cr',
    title: 'FS without CR does not swallow the next message',
    why: 'Some old senders end with FS alone. Good or bad, the message behind has to get its own answer. MLLP R1: EB is FS, then CR.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      const cut = context.compose();
      const aftermath = await followed(line, cut.framed.subarray(0, -1), context.compose());
      const wrong = aftermath.before.find((answer) => answer.taken && answer.control_id !== cut.control_id);
      if (wrong !== undefined) throw failed(`an answer to neither: ${wrong.says} for "${wrong.control_id}"`);
      if (aftermath.after !== undefined) taken(aftermath.after, 'the message behind it');
      await nothingMore(line, context.scale.quiet_ms);
      return pass(aftermathShown(aftermath));
    },
  },
  {
    id: 'fs-in-text',
    title: 'FS within the text does not end the message',
    why: 'Without CR behind it, it is no end block. What is cut there is acknowledged and half lost. MLLP R1: EB is FS, then CR.',
    level: 'must',
    run: (context) => whole(context, '\x1c'),
  },
  {
    id: 'vt-in-text',
    title: 'VT within the text does not start another message',
    why: 'It comes along when text is pasted from word processors. What stands before it is acknowledged and lost where it restarts the block. MLLP R1 forbids it in data: a refusal is right, too.',
    level: 'must',
    run: (context) => whole(context, '\x0b'),
  },
  {
    id: 'nul-in-text',
    title: 'NUL bytes within the text do not cut the message',
    why: 'Receivers written in C end the text there, and acknowledge the rest unread. HL7 2.9 §2.5: data are displayable characters; a refusal is right, too.',
    level: 'should',
    run: (context) => whole(context, '\0'),
  },
  {
    id: 'end-block-in-text',
    title: 'FS CR within the text',
    why: 'Nobody can tell it from an end: the message is cut there. Worth knowing is what becomes of the second half. MLLP R1 forbids it in data.',
    level: 'info',
    async run(context) {
      const line = await context.open();
      const { framed } = context.compose({ more: [`NTE|1||left${FS_CR.toString('latin1')}right`] });
      const aftermath = await followed(line, framed, context.compose());
      return info(aftermathShown(aftermath));
    },
  },
  {
    id: 'empty-block',
    title: 'an empty block is no message',
    why: 'Senders use it as a sign of life. AA would credit a message that nobody sent. HL7 2.9 §2.5: a message starts with MSH.',
    level: 'must',
    run: (context) => ignored(context, block(Buffer.alloc(0))),
  },
  {
    id: 'blank-block',
    title: 'a block of line ends only is no message',
    why: 'As an empty block. HL7 2.9 §2.5: a message starts with MSH.',
    level: 'must',
    run: (context) => ignored(context, block(Buffer.from('\r\r\r'))),
  },
  {
    id: 'end-blocks-alone',
    title: 'end blocks without a start are dropped',
    why: 'A sender that repeats its end block after a time-out must not put the stream out of step. MLLP R1, block format.',
    level: 'should',
    run: (context) => ignored(context, Buffer.concat([FS_CR, FS_CR])),
  },
  {
    id: 'start-blocks-repeated',
    title: 'a start block that comes twice is not met with silence',
    why: 'Senders that begin anew in mid-block send it again. The message behind it is whole. MLLP R1 forbids VT in data: a refusal is right, too.',
    level: 'should',
    async run(context) {
      const line = await context.open();
      const message = context.compose();
      await line.write(Buffer.concat([VT, message.framed]));
      const reacted = sane(await reaction(line, context.timeout_ms), message, context.timeout_ms);
      return pass(reacted);
    },
  },
  {
    id: 'control-flood',
    title: 'a stream of nothing but block characters does no harm',
    why: 'A framer that looks back for every FS takes forever over a megabyte of them. MLLP R1, block format.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      const parts = [VT, FS, FS_CR, Buffer.from('\r')];
      const bytes = Buffer.concat(
        Array.from({ length: 100_000 }, () => parts[Math.floor(context.random() * 4)]!),
      );
      // Refused pieces may be answered by the ten thousand: nobody reads them, and the connection ends.
      await Promise.race([line.write(bytes), line.ended(context.timeout_ms)]);
      line.reset();
      await lives(context);
      return pass(`${bytes.length} bytes sent; afterwards a plain message was taken`);
    },
  },
]);
