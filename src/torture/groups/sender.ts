/**
 * The other end: how an engine's sender takes bad answers. Messages go in through the feed; its channel routes them, unchanged in
 * MSH-10 and in order, to the port where the kit listens.
 */
import { type Case, type CaseContext, group } from '../case.ts';
import { accept, arrivalOf, comesAgain, HELD, rest, send, several, whatFollows } from '../journey.ts';
import { pause } from '../pause.ts';
import type { Arrival } from '../receiver.ts';
import { shown } from '../shown.ts';
import { failed, info, pass, skipped, type Verdict } from '../verdict.ts';

/** A case in which the first answer is spoilt: the message has to come again, then the next. */
function spoilt(
  id: string,
  title: string,
  why: string,
  spoil: (arrival: Arrival) => void | Promise<void>,
): Omit<Case, 'group'> {
  return {
    id,
    title,
    why,
    level: 'must',
    async run(context) {
      const journey = await send(context, several(context, 2));
      await spoil(await arrivalOf(journey, 0));
      const second = await comesAgain(journey, 0);
      if (second === undefined) return info(HELD);
      accept(second);
      await rest(journey, 1);
      return pass('it came again, then the next message');
    },
  };
}

/** A case whose answer is odd, and good: the next message comes, and this one not again. */
function credited(
  id: string,
  title: string,
  why: string,
  answer: (arrival: Arrival) => void | Promise<void>,
): Omit<Case, 'group'> {
  return {
    id,
    title,
    why,
    level: 'should',
    async run(context) {
      const journey = await send(context, several(context, 2));
      await answer(await arrivalOf(journey, 0));
      await rest(journey, 1);
      const extra = await journey.receiver.next(context.scale.quiet_ms);
      if (extra !== undefined) throw failed(`"${extra.control_id}" came again after AA`);
      return pass('the next message came, and this one not again');
    },
  };
}

/** A case that finds out what a code of table 0008 means to the engine. */
function code(id: string, title: string, why: string, sent: string): Omit<Case, 'group'> {
  return {
    id,
    title,
    why,
    level: 'info',
    async run(context): Promise<Verdict> {
      const journey = await send(context, several(context, 2));
      const first = await arrivalOf(journey, 0);
      first.write(first.answer({ code: sent }));
      return whatFollows(journey, first);
    },
  };
}

const cases: readonly Omit<Case, 'group'>[] = [
  {
    id: 'plain',
    title: 'messages arrive in blocks, in order, once',
    why: 'Where it fails, no other of this group tells anything: the channel of the feed has to route the message, with its MSH-10, to the port of the kit. MLLP R1, block format.',
    level: 'must',
    async run(context) {
      const journey = await send(context, several(context, 5));
      for (let i = 0; i < 5; i++) {
        const arrival = await arrivalOf(journey, i);
        if (arrival.before.length > 0) throw failed(`${shown(arrival.before)} before the block`);
        if (!arrival.text.startsWith('MSH'))
          throw failed(`no MSH: ${shown(Buffer.from(arrival.text, 'latin1'))}`);
        accept(arrival);
      }
      const extra = await journey.receiver.next(context.scale.quiet_ms);
      if (extra !== undefined) throw failed(`"${extra.control_id}" came again after AA`);
      return pass('five messages, in order, once each');
    },
  },
  {
    id: 'document',
    title: 'a document in base64 arrives as it was sent',
    why: 'A letter that lost one character is no letter. HL7 2.9 §2.7: base64 needs no escapes.',
    level: 'must',
    limit_ms: ({ document_bytes, resend_ms }) => 20_000 + document_bytes / 500 + 2 * resend_ms,
    async run(context) {
      const bytes = Buffer.from(Array.from({ length: 3000 }, () => Math.floor(context.random() * 256)));
      const base64 = bytes.toString('base64').repeat(Math.ceil(context.scale.document_bytes / bytes.length));
      const message = context.compose({
        more: [`OBX|1|ED|PDF^Document^L||^application^pdf^Base64^${base64}||||||F`],
      });
      const arrival = await arrivalOf(await send(context, [message]), 0);
      accept(arrival);
      if (!arrival.text.includes(base64))
        throw failed(`${base64.length} characters of base64 did not arrive unchanged`);
      return pass(`${base64.length} characters of base64, unchanged`);
    },
  },
  spoilt(
    'wrong-control-id',
    'an answer that names another message is not credited',
    'It is the late answer to something else. HL7 2.9 chapter 2, MSA-2.',
    (arrival) => arrival.write(arrival.answer({ control_id: 'SOMEBODY-ELSE' })),
  ),
  spoilt(
    'empty-control-id',
    'an answer that names no message is not credited',
    'Receivers that could not read the message answer so. HL7 2.9 chapter 2, MSA-2.',
    (arrival) => arrival.write(arrival.answer({ control_id: '' })),
  ),
  spoilt(
    'garbled',
    'an answer that is no HL7 is not credited',
    'A proxy that speaks for a dead receiver. HL7 2.9 §2.9.2.',
    (arrival) => arrival.write(Buffer.from('\x0bService unavailable\x1c\r', 'latin1')),
  ),
  spoilt(
    'no-msa',
    'an answer without MSA is not credited',
    'It may be a message of its own. HL7 2.9 chapter 2, MSA.',
    (arrival) => {
      const answer = arrival.answer();
      arrival.write(
        Buffer.concat([answer.subarray(0, answer.indexOf('\rMSA') + 1), Buffer.from('\x1c\r', 'latin1')]),
      );
    },
  ),
  spoilt(
    'unknown-code',
    'an answer with a code that is none is not credited',
    'Only AA and CA say that it was taken. HL7 2.9 chapter 2, table 0008.',
    (arrival) => arrival.write(arrival.answer({ code: 'OK' })),
  ),
  spoilt(
    'empty-block',
    'an empty block is no answer',
    'Receivers use it as a sign of life. MLLP R1.',
    (arrival) => {
      arrival.write(Buffer.from('\x0b\x1c\r', 'latin1'));
      arrival.end();
    },
  ),
  spoilt(
    'closed-before-answer',
    'a message whose connection closes before the answer comes again',
    'Nobody knows whether it was taken: only sending again is safe. HL7 2.9 §2.9.2.',
    (arrival) => arrival.end(),
  ),
  spoilt(
    'reset-before-answer',
    'a message whose connection is reset before the answer comes again',
    'As for a close. RFC 9293 §3.10.7.',
    (arrival) => arrival.reset(),
  ),
  spoilt(
    'closed-in-answer',
    'half an answer is none',
    'MSA may be there already, and yet the receiver died. MLLP R1: EB is required.',
    (arrival) => {
      arrival.write(arrival.answer().subarray(0, -2));
      arrival.end();
    },
  ),
  spoilt(
    'never',
    'a message that is never answered comes again',
    'A receiver that hangs must not stop the feed unseen. HL7 2.9 §2.9.2.',
    () => undefined,
  ),
  {
    id: 'late',
    title: 'an answer that comes late is not credited to the next message',
    why: 'The classic: each answer from there on is for the message before, and when one is refused the wrong one is lost. HL7 2.9 chapter 2, MSA-2.',
    level: 'must',
    limit_ms: ({ resend_ms }) => 6 * resend_ms,
    async run(context) {
      const journey = await send(context, several(context, 3));
      const first = await arrivalOf(journey, 0);
      const again = await comesAgain(journey, 0);
      if (again === undefined) return info(HELD);
      accept(again);
      const next = await arrivalOf(journey, 1);
      // The late answer, on the first connection, if it is still open, and on that of the next message.
      first.write(first.answer());
      next.write(first.answer());
      const nextAgain = await comesAgain(journey, 1);
      if (nextAgain === undefined) return info(HELD);
      accept(nextAgain);
      await rest(journey, 2);
      return pass('the late answer was credited to nothing; both messages came again, then the third');
    },
  },
  {
    id: 'twice',
    title: 'an answer that comes twice is not credited to the next message',
    why: 'The second stands in the buffer when the next message goes out. HL7 2.9 chapter 2, MSA-2.',
    level: 'must',
    limit_ms: ({ resend_ms }) => 5 * resend_ms,
    async run(context) {
      const journey = await send(context, several(context, 3));
      const first = await arrivalOf(journey, 0);
      first.write(Buffer.concat([first.answer(), first.answer()]));
      const second = await arrivalOf(journey, 1);
      second.reset();
      const again = await comesAgain(journey, 1);
      if (again === undefined) return info(HELD);
      accept(again);
      await rest(journey, 2);
      return pass('the second answer was credited to nothing');
    },
  },
  credited(
    'byte-by-byte',
    'an answer that comes byte by byte is read as one',
    'TCP cuts answers as it cuts messages. MLLP R1, block format.',
    async (arrival) => {
      for (const byte of arrival.answer()) {
        arrival.write(Buffer.from([byte]));
        await pause(1);
      }
    },
  ),
  credited(
    'blank-after',
    'CR LF behind an answer does no harm',
    'Receivers that write lines do it. MLLP R1: what is outside of a block means nothing.',
    (arrival) => arrival.write(Buffer.concat([arrival.answer(), Buffer.from('\r\n')])),
  ),
  {
    id: 'junk-before',
    title: 'what junk before an answer means to it',
    why: 'What is left of an earlier answer. To credit the answer or to send again, both are right. MLLP R1: data is what stands between SB and EB.',
    level: 'info',
    async run(context) {
      const journey = await send(context, several(context, 2));
      const first = await arrivalOf(journey, 0);
      first.write(Buffer.concat([Buffer.from('left over|'), first.answer()]));
      return whatFollows(journey, first);
    },
  },
  code(
    'ae',
    'what AE means to it',
    'An error in the message, or in the receiver just now. HL7 2.9 §2.9.2.2.',
    'AE',
  ),
  code('ar', 'what AR means to it', 'Not supported, whatever the content. HL7 2.9 §2.9.2.2.', 'AR'),
  code('ce', 'what CE means to it', 'As AE, in enhanced mode. HL7 2.9 §2.9.3.2.', 'CE'),
  code('cr', 'what CR means to it', 'As AR, in enhanced mode. HL7 2.9 §2.9.3.2.', 'CR'),
  code(
    'ca',
    'what CA means to it',
    'Safe, not yet processed; in original mode nobody should send it. HL7 2.9 §2.9.3.2.',
    'CA',
  ),
  {
    id: 'down',
    title: 'messages for a receiver that is down arrive, in order, once it is up',
    why: 'Every receiver is down now and then. HL7 2.9 §2.9.2.',
    level: 'must',
    limit_ms: ({ resend_ms }) => 8 * resend_ms,
    async run(context) {
      await context.receiver!.stop();
      try {
        const journey = await send(context, several(context, 5));
        await pause(context.scale.quiet_ms);
        await context.receiver!.start();
        await rest(journey, 0);
      } finally {
        // The next case finds it listening, whatever happened here.
        await context.receiver!.stop();
        await context.receiver!.start();
      }
      return pass('five messages sent while nobody listened; all arrived, in order');
    },
  },
  {
    id: 'flaky',
    title: 'a receiver that resets every other connection gets all messages, in order',
    why: 'Between two messages nothing may be skipped, whatever the network does. HL7 2.9 §2.9.2.',
    level: 'must',
    limit_ms: ({ resend_ms }) => 10 * resend_ms,
    async run(context) {
      const journey = await send(context, several(context, 10));
      for (let i = 0; i < 10; i++) {
        const arrival = await arrivalOf(journey, i);
        if (i % 2 === 1) {
          accept(arrival);
          continue;
        }
        arrival.reset();
        const again = await comesAgain(journey, i);
        if (again === undefined) return info(HELD);
        accept(again);
      }
      return pass('ten messages, five connections reset; all arrived, in order');
    },
  },
];

export const sender = group(
  'sender',
  cases.map((one) => ({
    limit_ms: ({ resend_ms }) => 4 * resend_ms,
    ...one,
    run: async (context: CaseContext) => {
      if (context.receiver === undefined)
        throw skipped('not run: the kit has no port to be sent to (--listen)');
      return one.run(context);
    },
  })),
);
