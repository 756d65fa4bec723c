/** Large messages: taken, or refused in words; never dropped without any. */
import { type Case, type CaseContext, group } from '../case.ts';
import type { Message } from '../message.ts';
import type { Scale } from '../scale.ts';
import { sizeShown } from '../shown.ts';
import { answerTo, exchange, lives, reaction, reactionShown, taken } from '../talk.ts';
import { failed, pass } from '../verdict.ts';

/** Time for large messages: a megabyte a second is slow enough for anybody. */
const patience = (bytes: number, timeout_ms: number): number => 10_000 + bytes / 1000 + 2 * timeout_ms;

/** A case with one large message, which is taken, and leaves the receiver as it was. */
function large(
  id: string,
  title: string,
  why: string,
  size: (scale: Scale) => number,
  more: (context: CaseContext) => readonly string[],
): Omit<Case, 'group'> {
  return {
    id,
    title,
    why: `${why} HL7 2.9 sets no limit to a message.`,
    level: 'should',
    limit_ms: (scale, timeout_ms) => patience(size(scale), timeout_ms),
    async run(context) {
      const line = await context.open();
      const message = context.compose({ more: more(context) });
      await line.write(message.framed);
      const answer = taken(await answerTo(line, message, patience(message.bytes.length, context.timeout_ms)));
      await lives(context);
      return pass(`${sizeShown(message.bytes.length)}: ${answer.says}`);
    },
  };
}

/** A report of so many bytes, in lines. */
function report(bytes: number): string[] {
  const lines = Math.ceil(bytes / 100);
  return Array.from(
    { length: lines },
    (_, i) => `OBX|${i + 1}|TX|TXT^Text^L||${'line of an invented report '.repeat(3)}`,
  );
}

/** A document as senders have it: base64 in OBX-5.5. */
function document({ scale, random }: CaseContext): string[] {
  const seed = Buffer.from(Array.from({ length: 3000 }, () => Math.floor(random() * 256)));
  const base64 = seed.toString('base64').repeat(Math.ceil(scale.document_bytes / seed.length));
  return [`OBX|1|ED|PDF^Document^L||^application^pdf^Base64^${base64}||||||F`];
}

/** Sends without end, until the receiver says something or all is sent. The number of bytes that went out. */
async function pour(
  context: CaseContext,
  line: Awaited<ReturnType<CaseContext['open']>>,
  message: Message,
): Promise<number> {
  const piece = Buffer.alloc(256 * 1024, 'QUJD');
  const head = message.framed.subarray(0, -3);
  await line.write(Buffer.concat([head, Buffer.from('\rOBX|1|ED|PDF^Document^L||^application^pdf^Base64^')]));
  for (let sent = head.length; ; sent += piece.length) {
    if (line.over !== undefined || sent >= context.scale.oversized_bytes) return sent;
    if (line.pending > 0) return sent;
    await Promise.race([line.write(piece), line.ended(context.timeout_ms)]);
  }
}

export const size = group('size', [
  large(
    'report',
    'a long report is taken',
    'Buffers of 64 kB are the commonest limit; a pathology report is longer.',
    ({ text_bytes }) => text_bytes[0],
    ({ scale }) => report(scale.text_bytes[0]),
  ),
  large(
    'long-report',
    'a very long report is taken',
    'Genetic and microbiology reports reach it.',
    ({ text_bytes }) => text_bytes[1],
    ({ scale }) => report(scale.text_bytes[1]),
  ),
  large(
    'long-field',
    'one field of the size of a report is taken',
    'Text in one OBX-5, with line breaks escaped: readers with a buffer a field cut it.',
    ({ text_bytes }) => text_bytes[1],
    ({ scale }) => [
      `OBX|1|FT|TXT^Text^L||${'text of one field\\.br\\'.repeat(Math.ceil(scale.text_bytes[1] / 22))}`,
    ],
  ),
  large(
    'document',
    'a document in base64 in OBX-5 is taken',
    'Scanned letters and PDF reports travel so.',
    ({ document_bytes }) => document_bytes * 1.4,
    document,
  ),
  large(
    'many-segments',
    'thousands of segments are taken',
    'Monitors and analysers send a day in one message; a reader of quadratic time stands still.',
    ({ segments }) => segments * 200,
    ({ scale }) =>
      Array.from(
        { length: scale.segments },
        (_, i) => `OBX|${i + 1}|NM|8867-4^Heart rate^LN||${60 + (i % 40)}|/min|||||F`,
      ),
  ),
  large(
    'many-repetitions',
    'a field of ten thousand repetitions is taken',
    'As for segments, one level down.',
    () => 200_000,
    () => [`OBX|1|ST|LIST^List^L||${'x~'.repeat(10_000)}x`],
  ),
  {
    id: 'beside',
    title: 'while a large message comes in, others are answered',
    why: 'One scanned letter must not hold up the monitors. HL7 2.9 has nothing on it; every other sender has.',
    level: 'must',
    limit_ms: ({ document_bytes }, timeout_ms) => patience(document_bytes * 1.4, timeout_ms),
    async run(context) {
      const [heavy, light] = await Promise.all([context.open(), context.open()]);
      const message = context.compose({ more: document(context) });
      const middle = Math.floor(message.framed.length / 2);
      await heavy.write(message.framed.subarray(0, middle));
      for (let i = 0; i < 10; i++) taken(await exchange(light, context.compose()), 'a message beside it');
      await heavy.write(message.framed.subarray(middle));
      const answer = await answerTo(heavy, message, patience(message.bytes.length, context.timeout_ms));
      return pass(
        `10 messages answered in the middle of ${sizeShown(message.bytes.length)}, which was answered ${answer.says}`,
      );
    },
  },
  {
    id: 'oversized',
    title: 'a frame beyond any limit is refused in words, or taken; not dropped in silence',
    why: 'Dropped without an answer, it is sent again for ever, and everything waits behind it. HL7 2.9 §2.9.2.2.',
    level: 'must',
    limit_ms: ({ oversized_bytes }, timeout_ms) => patience(oversized_bytes, timeout_ms),
    async run(context) {
      const line = await context.open();
      const message = context.compose();
      const sent = await pour(context, line, message);
      if (line.pending === 0 && line.over === undefined) await line.write(Buffer.from('\r\x1c\r', 'latin1'));
      const reacted = await reaction(line, patience(sent, context.timeout_ms));
      if (typeof reacted === 'string')
        throw failed(`after ${sizeShown(sent)}: ${reactionShown(reacted)}, and no reason given`);
      await lives(context);
      return pass(`${reactionShown(reacted)} after ${sizeShown(sent)}`);
    },
  },
]);
