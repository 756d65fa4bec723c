/** Delimiters and line ends: a sender chooses them in MSH-1 and MSH-2, and an answer speaks its language. */
import { group } from '../case.ts';
import { shown } from '../shown.ts';
import { exchange, lives, reaction, reactionShown, taken } from '../talk.ts';
import { failed, pass } from '../verdict.ts';

/** None of them is a usual one, but two. */
const EXOTIC = '$%~\\&';
/** Not one is a usual one. */
const ALL_OTHER = '$%*@!';

export const delimiters = group('delimiters', [
  {
    id: 'other-field',
    title: 'MSH$%~\\& is read as its delimiters say',
    why: 'MSH-1 is whatever follows "MSH". A receiver that expects | finds no field at all. HL7 2.9 §2.5.4.',
    level: 'must',
    async run(context) {
      const message = context.compose({ delimiters: EXOTIC });
      return pass(taken(await exchange(await context.open(), message)).says);
    },
  },
  {
    id: 'all-other',
    title: 'five unusual delimiters are read as MSH says',
    why: 'As before, for components, repetitions, escapes and subcomponents. HL7 2.9 §2.5.4.',
    level: 'should',
    async run(context) {
      const message = context.compose({ delimiters: ALL_OTHER });
      return pass(taken(await exchange(await context.open(), message)).says);
    },
  },
  {
    id: 'answered-in-kind',
    title: 'the answer has the delimiters of the message',
    why: 'A sender with delimiters of its own can read no others, as a rule. HL7 2.9 §2.5.4.',
    level: 'should',
    async run(context) {
      const answer = await exchange(await context.open(), context.compose({ delimiters: ALL_OTHER }));
      if (answer.delimiters !== ALL_OTHER)
        throw failed(`MSH ${ALL_OTHER} was answered ${shown(answer.bytes)}`);
      return pass(shown(answer.bytes));
    },
  },
  {
    id: 'bar-in-control-id',
    title: 'where $ parts the fields, a control id may hold |',
    why: 'Written into an answer with |, it shifts every field behind it. HL7 2.9 §2.5.4.',
    level: 'should',
    async run(context) {
      const id = `${context.compose().control_id}|x`;
      const message = context.compose({ delimiters: EXOTIC, control_id: id });
      const answer = await exchange(await context.open(), message);
      return pass(`"${id}" came back whole, ${answer.code}`);
    },
  },
  {
    id: 'truncation',
    title: 'MSH-2 with the truncation character of 2.7 is taken',
    why: 'MSH-2 has five characters since 2.7. A receiver that expects four refuses every such sender. HL7 2.9 §2.5.4.',
    level: 'should',
    async run(context) {
      const message = context.compose({ delimiters: '|^~\\&#', version: '2.7' });
      return pass(taken(await exchange(await context.open(), message)).says);
    },
  },
  {
    id: 'repeated',
    title: 'MSH-2 with one character four times is answered',
    why: 'Such a message can be read in several ways: a refusal is right, silence is not. HL7 2.9 §2.5.4.',
    level: 'should',
    async run(context) {
      const line = await context.open();
      await line.write(context.compose({ delimiters: '|^^^^' }).framed);
      const reacted = await reaction(line, context.timeout_ms);
      if (reacted === 'silence') throw failed('no answer, and the connection stays open');
      await lives(context);
      return pass(reactionShown(reacted));
    },
  },
  {
    id: 'trailing',
    title: 'delimiters at the end of fields and segments are harmless',
    why: 'Many writers fill up to the last field that they know. HL7 2.9 §2.6.2: they mean nothing.',
    level: 'must',
    async run(context) {
      const message = context.compose({ name: 'TORTURE^TEST^^^^~', more: ['NTE|1||text^^^|||||||'] });
      return pass(taken(await exchange(await context.open(), message)).says);
    },
  },
  {
    id: 'lf',
    title: 'segments that end with LF are answered by name',
    why: 'Unix writers do it. HL7 wants CR; to take it or to refuse it, both are right, silence is not. HL7 2.9 §2.5.2.',
    level: 'should',
    async run(context) {
      return pass((await exchange(await context.open(), context.compose({ ending: '\n' }))).says);
    },
  },
  {
    id: 'crlf',
    title: 'segments that end with CR LF are answered by name',
    why: 'Windows writers do it. As for LF. HL7 2.9 §2.5.2.',
    level: 'should',
    async run(context) {
      return pass((await exchange(await context.open(), context.compose({ ending: '\r\n' }))).says);
    },
  },
  {
    id: 'unknown-segment',
    title: 'a Z segment and one that nobody knows are harmless',
    why: 'Each site has its own, and receivers ignore what they do not know. HL7 2.9 §2.6.2 and §2.11.',
    level: 'must',
    async run(context) {
      const message = context.compose({ more: ['ZTT|1|own^data', 'QQQ|1|unknown'] });
      return pass(taken(await exchange(await context.open(), message)).says);
    },
  },
  {
    id: 'blank-line',
    title: 'an empty line between segments is answered by name',
    why: 'It comes of joined templates. A refusal is right, too; silence is not. HL7 2.9 §2.5.2.',
    level: 'should',
    async run(context) {
      return pass(
        (await exchange(await context.open(), context.compose({ more: ['', 'NTE|1||text'] }))).says,
      );
    },
  },
]);
