/** What must not be acknowledged, and how it is refused. */
import { type Answer, readAnswer, readAnswers } from '../answer.ts';
import { type Case, type CaseContext, group, type Level } from '../case.ts';
import type { Changes } from '../message.ts';
import { shown } from '../shown.ts';
import { exchange, lives, reaction, reactionShown, taken } from '../talk.ts';
import { failed, pass, skipped } from '../verdict.ts';
import { block } from '../wire.ts';

/** A case whose block is no message: never AA or CA, and the receiver goes on. */
function noMessage(
  id: string,
  level: Level,
  title: string,
  why: string,
  bytes: (context: CaseContext) => Buffer,
): Omit<Case, 'group'> {
  return {
    id,
    title,
    why,
    level,
    async run(context) {
      const line = await context.open();
      const sent = bytes(context);
      await line.write(block(sent));
      const reacted = await reaction(line, context.timeout_ms);
      if (reacted === 'silence') throw failed(`no answer to ${shown(sent)}, and the connection stays open`);
      if (reacted !== 'closed' && reacted.taken) throw failed(`${shown(sent)} was taken: ${reacted.says}`);
      await lives(context);
      return pass(`${shown(sent)}: ${reactionShown(reacted)}`);
    },
  };
}

/** A case whose header asks for what the receiver can't do: AE or AR, by name. */
function badHeader(id: string, title: string, why: string, changes: Changes): Omit<Case, 'group'> {
  return {
    id,
    title,
    why,
    level: 'should',
    async run(context) {
      const answer = await exchange(await context.open(), context.compose(changes));
      if (answer.taken) throw failed(`taken: ${answer.says}`);
      return pass(answer.says);
    },
  };
}

/** What no receiver knows. */
const UNKNOWN_TYPE = 'ZZZ^Z99';

/** The refusal of a message in this version. */
async function refusedIn(context: CaseContext, version: string): Promise<Answer> {
  const answer = await exchange(await context.open(), context.compose({ type: UNKNOWN_TYPE, version }));
  if (answer.taken) throw skipped(`it takes ${UNKNOWN_TYPE}: there is no refusal to look at`);
  if (answer.errors.length === 0) throw failed(`no ERR segment: ${shown(answer.bytes, 300)}`);
  return answer;
}

export const refusal = group('refusal', [
  noMessage(
    'not-hl7',
    'must',
    'a block of other text is not acknowledged',
    'AA means that the message is safe. Whatever this is, it is no message. HL7 2.9 §2.9.2.2.',
    () => Buffer.from('{"resourceType":"Patient"}'),
  ),
  noMessage(
    'no-header',
    'must',
    'a message without MSH is not acknowledged',
    'Its beginning is lost, and with it the name that an answer needs. HL7 2.9 chapter 2, MSH.',
    ({ compose }) => {
      const { bytes } = compose();
      return bytes.subarray(bytes.indexOf('\r') + 1);
    },
  ),
  noMessage(
    'header-cut',
    'must',
    'a header that ends in mid-field is not acknowledged',
    'MSH-9, 10 and 12 are required: nothing can be done with it. HL7 2.9 chapter 2, MSH.',
    ({ compose }) => compose().bytes.subarray(0, 12),
  ),
  noMessage(
    'header-name-only',
    'must',
    'MSH without delimiters is not acknowledged',
    'A reader that takes the 4th character without looking reads past the end. HL7 2.9 chapter 2, MSH-1.',
    () => Buffer.from('MSH'),
  ),
  noMessage(
    'random-bytes',
    'must',
    'random bytes are not acknowledged',
    'A sender with TLS on a plain port sends such. HL7 2.9 §2.9.2.2.',
    ({ random }) =>
      // Without control characters: those of blocks have cases of their own.
      Buffer.from(Array.from({ length: 4096 }, () => 0x20 + Math.floor(random() * 0xe0))),
  ),
  noMessage(
    'segment-name-garbage',
    'must',
    'a header whose first field is a megabyte without an end is not acknowledged',
    'A binary that begins with MSH by chance, or on purpose. HL7 2.9 chapter 2, MSH.',
    () => Buffer.from(`MSH|^~\\&|${'A'.repeat(1_000_000)}`),
  ),
  badHeader(
    'version-unknown',
    'a version that does not exist is refused',
    'Its fields may mean something else. HL7 2.9 §2.9.2.2: MSH-12 unsupported is AR.',
    { version: '9.9' },
  ),
  badHeader(
    'type-unknown',
    'a message type that does not exist is refused',
    'Taken, it is a message that nobody will ever process. HL7 2.9 §2.9.2.2: MSH-9 unsupported is AR.',
    { type: UNKNOWN_TYPE },
  ),
  badHeader(
    'type-missing',
    'a message without type is refused',
    'MSH-9 is required. HL7 2.9 chapter 2, MSH-9.',
    {
      type: '',
    },
  ),
  {
    id: 'control-id-missing',
    title: 'a message without control id is refused',
    why: 'MSH-10 is required; an answer to it can name nothing, and a resend is not known again. HL7 2.9 chapter 2, MSH-10.',
    level: 'should',
    async run(context) {
      const line = await context.open();
      await line.write(context.compose({ control_id: '' }).framed);
      const reacted = await reaction(line, context.timeout_ms);
      if (reacted === 'silence') throw failed('no answer, and the connection stays open');
      if (reacted !== 'closed' && reacted.taken) throw failed(`taken: ${reacted.msa}`);
      return pass(reactionShown(reacted));
    },
  },
  {
    id: 'err-2.5',
    title: 'a refusal in version 2.5.1 has ERR-3 and ERR-4',
    why: 'Code and severity tell the sender whether to mend or to wait. HL7 2.9 chapter 2: ERR-3 and ERR-4 are required since 2.5.',
    level: 'should',
    async run(context) {
      const [error = []] = (await refusedIn(context, '2.5.1')).errors;
      const [, , , code = '', severity = ''] = error;
      if (code === '') throw failed(`ERR-3 is empty: ${error.join('|')}`);
      if (!['E', 'F'].includes(severity))
        throw failed(`ERR-4 is "${severity}", not E or F: ${error.join('|')}`);
      return pass(error.join('|'));
    },
  },
  {
    id: 'err-2.3',
    title: 'a refusal in version 2.3 has its error in ERR-1',
    why: 'A 2.3 sender knows ERR-1 only, a composite of place and code. HL7 2.3 chapter 2, ERR.',
    level: 'should',
    async run(context) {
      const [error = []] = (await refusedIn(context, '2.3')).errors;
      if ((error[1] ?? '') === '') throw failed(`ERR-1 is empty: ${error.join('|')}`);
      return pass(error.join('|'));
    },
  },
  {
    id: 'names-the-message',
    title: 'a refusal names the message in MSA-2, and says why',
    why: 'Without a reason, somebody has to read two logs side by side. HL7 2.9 §2.9.2.2.',
    level: 'should',
    async run(context) {
      const answer = await exchange(await context.open(), context.compose({ type: UNKNOWN_TYPE }));
      if (answer.taken) throw skipped(`it takes ${UNKNOWN_TYPE}: there is no refusal to look at`);
      if (answer.says === answer.code) throw failed(`no reason in MSA-3 or ERR: ${shown(answer.bytes, 300)}`);
      return pass(answer.says);
    },
  },
  {
    id: 'next-message',
    title: 'a message after a refused one is taken',
    why: 'One bad message must not stop a feed. HL7 2.9 §2.9.2.2.',
    level: 'must',
    async run(context) {
      const line = await context.open();
      await line.write(context.compose({ type: UNKNOWN_TYPE }).framed);
      const first = await reaction(line, context.timeout_ms);
      if (first === 'silence') throw failed('no answer to the first, and the connection stays open');
      if (first === 'closed') await lives(context);
      else taken(await exchange(line, context.compose()), 'the message after it');
      return pass(`first: ${reactionShown(first)}; then taken`);
    },
  },
  {
    id: 'batch',
    title: 'a batch with two messages is not half acknowledged',
    why: 'Receivers that read the first MSH only answer it and drop the rest. Batches over MLLP are rare; a refusal is right, too. HL7 2.9 §2.10.3.',
    level: 'should',
    async run(context) {
      const line = await context.open();
      const messages = [context.compose(), context.compose()];
      const head = Buffer.from('BHS|^~\\&\r');
      const batch = Buffer.concat([head, ...messages.map(({ bytes }) => bytes), Buffer.from('BTS|2\r')]);
      await line.write(block(batch));
      const found = await line.poll(context.timeout_ms);
      if (found === undefined && line.over === undefined)
        throw failed('no answer, and the connection stays open');
      if (found === undefined) return pass(reactionShown('closed'));
      const answers = readAnswers(found.bytes);
      const [only] = answers;
      // One answer for the batch names the batch or nothing; one a message names each, in a batch of answers or not.
      const names = messages.map(({ control_id }) => control_id);
      if (answers.length === 1 && !(only!.taken && names.includes(only!.control_id)))
        return pass(`${only!.says} for the batch`);
      if (answers.length === 1) {
        const second = await line.poll(context.scale.quiet_ms);
        if (second !== undefined) answers.push(readAnswer(second.bytes));
      }
      const named = answers.map(({ says, control_id }) => `${says} for "${control_id}"`).join(', ');
      const left = names.filter((name) => !answers.some(({ control_id }) => control_id === name));
      if (left.length > 0) throw failed(`${named}, and nothing for ${left.length} of ${names.length}`);
      return pass(named);
    },
  },
]);
