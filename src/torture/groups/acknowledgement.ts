/** What an acknowledgement has to say: whose it is, what came of it, and to whom it goes. */
import { type Answer, CODES } from '../answer.ts';
import { type Case, type CaseContext, group } from '../case.ts';
import type { Message } from '../message.ts';
import { answerTo, exchange, naming, nothingMore, pipeline, taken } from '../talk.ts';
import { failed, pass } from '../verdict.ts';

/** The plain message and its answer. */
async function plain(context: CaseContext): Promise<{ message: Message; answer: Answer }> {
  const message = context.compose();
  return { message, answer: taken(await exchange(await context.open(), message)) };
}

/** MSH-n of a message whose delimiters are those of the template. */
function sent(message: Message, field: number): string {
  const text = message.bytes.toString('latin1');
  return text.slice(0, text.indexOf('\r')).split(text[3]!)[field - 1] ?? '';
}

/** A case that compares one field of the answer's MSH with one of the message. */
function echo(
  id: string,
  title: string,
  why: string,
  pairs: readonly [number, number][],
): Omit<Case, 'group'> {
  return {
    id,
    title,
    why,
    level: 'should',
    async run(context) {
      const { message, answer } = await plain(context);
      const seen = pairs.map(([ours, theirs]) => {
        const [want, got] = [sent(message, ours), answer.msh(theirs)];
        if (want !== got)
          throw failed(`expected MSH-${theirs} "${want}", as MSH-${ours} was sent; found "${got}"`);
        return `MSH-${theirs} "${got}"`;
      });
      return pass(seen.join(', '));
    },
  };
}

/** A case with a control id that is unusual: the answer gives it back byte for byte, or refuses it by name. */
function controlId(
  id: string,
  title: string,
  why: string,
  make: (run: string) => string,
): Omit<Case, 'group'> {
  return {
    id,
    title,
    why,
    level: 'must',
    async run(context) {
      const message = context.compose({ control_id: make(context.compose().control_id) });
      const answer = await exchange(await context.open(), message);
      return pass(`"${message.control_id}" came back whole, ${answer.says}`);
    },
  };
}

export const acknowledgement = group('acknowledgement', [
  {
    id: 'control-id',
    title: 'MSA-2 is the MSH-10 of the message',
    why: 'It is all that ties an answer to its message. HL7 2.9 chapter 2, MSA-2.',
    level: 'must',
    async run(context) {
      const { message, answer } = await plain(context);
      return pass(`sent MSH-10 "${message.control_id}", got ${answer.msa}`);
    },
  },
  {
    id: 'code',
    title: 'MSA-1 is a code of table 0008',
    why: 'What a sender does next depends on nothing else. HL7 2.9 chapter 2, MSA-1.',
    level: 'must',
    async run(context) {
      const answer = await exchange(await context.open(), context.compose());
      if (!CODES.includes(answer.code)) throw failed(`MSA-1 is "${answer.code}", none of ${CODES.join(' ')}`);
      return pass(answer.msa);
    },
  },
  {
    id: 'original-mode',
    title: 'without MSH-15 and 16 the answer is of original mode: AA',
    why: 'Old senders know AA, AE and AR only, and take CA for nonsense. HL7 2.9 §2.9.2.',
    level: 'should',
    async run(context) {
      const { answer } = await plain(context);
      if (!answer.code.startsWith('A')) throw failed(`answered ${answer.code}`);
      return pass(answer.says);
    },
  },
  {
    id: 'message-type',
    title: 'MSH-9.1 of the answer is ACK',
    why: 'Senders route what comes back by its type. HL7 2.9 chapter 2, ACK.',
    level: 'should',
    async run(context) {
      const { answer } = await plain(context);
      const [code] = answer.msh(9).split(answer.delimiters[1]!);
      if (code !== 'ACK') throw failed(`MSH-9 is "${answer.msh(9)}"`);
      return pass(`MSH-9 "${answer.msh(9)}"`);
    },
  },
  {
    id: 'trigger-event',
    title: 'MSH-9.2 of the answer is the trigger event of the message',
    why: 'Chapter 2 says so since 2.3, and strict senders compare. HL7 2.9 chapter 2, ACK.',
    level: 'should',
    async run(context) {
      const { message, answer } = await plain(context);
      const [, event = ''] = answer.msh(9).split(answer.delimiters[1]!);
      const [, want] = message.type.split('^');
      if (event !== want) throw failed(`expected the event ${want}, found MSH-9 "${answer.msh(9)}"`);
      return pass(`MSH-9 "${answer.msh(9)}"`);
    },
  },
  echo(
    'addresses',
    'the answer is addressed to the sender: MSH-3, 4 and MSH-5, 6 turned round',
    'Behind a router, an answer with the wrong address goes to somebody else. HL7 2.9 chapter 2, MSH-3 to MSH-6.',
    [
      [3, 5],
      [4, 6],
      [5, 3],
      [6, 4],
    ],
  ),
  echo(
    'version',
    'MSH-12 of the answer is that of the message',
    'A 2.3 sender may not read a 2.5.1 answer. HL7 2.9 §2.9.2.2.',
    [[12, 12]],
  ),
  echo(
    'processing-id',
    'MSH-11 of the answer is that of the message',
    'A production sender drops answers of a test. HL7 2.9 §2.9.2.2.',
    [[11, 11]],
  ),
  {
    id: 'own-control-id',
    title: 'each answer has an MSH-10 of its own',
    why: 'MSH-10 is required and unique in every message, answers too: it is how an answer is found in a log. HL7 2.9 chapter 2, MSH-10.',
    level: 'should',
    async run(context) {
      const line = await context.open();
      const ids: string[] = [];
      for (let i = 0; i < 20; i++) ids.push(taken(await exchange(line, context.compose())).msh(10));
      if (ids.includes('')) throw failed('MSH-10 of the answer is empty');
      const different = new Set(ids).size;
      if (different < ids.length)
        throw failed(`20 answers with ${different} control ids, such as "${ids[0]}"`);
      return pass(`20 answers, 20 control ids, such as "${ids[0]}"`);
    },
  },
  {
    id: 'time',
    title: 'MSH-7 of the answer is a time',
    why: 'Required since 2.3.1; without it a dispute over when something arrived is not settled. HL7 2.9 chapter 2, MSH-7.',
    level: 'should',
    async run(context) {
      const { answer } = await plain(context);
      if (!/^\d{8,14}(\.\d{1,4})?([+-]\d{4})?$/.test(answer.msh(7)))
        throw failed(`MSH-7 is "${answer.msh(7)}"`);
      return pass(`MSH-7 "${answer.msh(7)}"`);
    },
  },
  {
    id: 'once',
    title: 'a message gets one answer, and no second',
    why: 'The second is taken for the answer to the next message: from there on every answer is off by one. HL7 2.9 §2.9.2.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      taken(await exchange(line, context.compose()));
      await nothingMore(line, context.scale.quiet_ms);
      return pass(`one answer, and nothing within ${context.scale.quiet_ms} ms after it`);
    },
  },
  {
    id: 'pipelined',
    title: 'a hundred messages without waiting get a hundred answers, in order',
    why: 'Senders that pipeline match by order or by MSA-2. Either way each answer has to come, and in order. HL7 2.9 §2.9.2; MLLP R1.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      const messages = Array.from({ length: 100 }, () => context.compose());
      await pipeline(line, messages);
      await nothingMore(line, context.scale.quiet_ms);
      return pass('100 answers, each by its name, in the order of the messages');
    },
  },
  {
    id: 'side-by-side',
    title: 'answers go to the connection that their message came from',
    why: 'Two senders with one answer swapped both go wrong, and neither can tell. MLLP R1.',
    level: 'must',
    async run(context) {
      const lines = await Promise.all(Array.from({ length: 8 }, () => context.open()));
      await Promise.all(
        lines.map(async (line, i) => {
          for (let n = 0; n < 10; n++) {
            const message = context.compose();
            await naming(`connection ${i + 1}`, async () => taken(await exchange(line, message)));
          }
        }),
      );
      return pass('8 connections, 10 messages each, each answered where it came from');
    },
  },
  controlId(
    'control-id-20',
    'a control id of 20 characters comes back whole',
    'The longest that MSH-10 holds up to 2.6. HL7 2.9 chapter 2, MSH-10.',
    (id) => id.padEnd(20, '0'),
  ),
  controlId(
    'control-id-199',
    'a control id of 199 characters comes back whole, or is refused by its whole name',
    'Since 2.7 MSH-10 may be 199 long. Cut to 20, it matches nothing, and the sender sends for ever. HL7 2.9 chapter 2, MSH-10.',
    (id) => id.padEnd(199, '7'),
  ),
  controlId(
    'control-id-unusual',
    'a control id of unusual characters comes back byte for byte',
    'Spaces, leading zeros and signs are legal in ST. Trimmed, or read as a number, it matches nothing. HL7 2.9 chapter 2, MSH-10.',
    (id) => `000 ${id} a/B_.:*#`,
  ),
  controlId(
    'control-id-escaped',
    'escapes in a control id come back as they were',
    'Unescaped and not escaped again, it breaks the answer apart; escaped twice, it matches nothing. HL7 2.9 §2.7.',
    (id) => `${id}\\T\\x\\F\\y`,
  ),
  {
    id: 'after-slow-reader',
    title: 'answers wait for a sender that reads them late',
    why: 'A busy sender reads later; nothing may be dropped, or come twice, meanwhile. MLLP R1.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      line.deafen();
      const messages = Array.from({ length: 30 }, () => context.compose());
      for (const { framed } of messages) await line.write(framed);
      line.listen();
      for (const message of messages) taken(await answerTo(line, message));
      await nothingMore(line, context.scale.quiet_ms);
      return pass('30 messages, 30 answers, read once all was sent');
    },
  },
]);
