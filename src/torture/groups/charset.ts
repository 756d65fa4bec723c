/** Character sets: MSH-18 says what the bytes mean. A receiver reads them so, or refuses; it does not guess. */
import type { Answer } from '../answer.ts';
import { type Case, type CaseContext, group } from '../case.ts';
import { shown } from '../shown.ts';
import { exchange, reaction, sane, taken } from '../talk.ts';
import { failed, pass } from '../verdict.ts';
import { block } from '../wire.ts';

/** Sends a name in a character set. */
async function send(context: CaseContext, charset: string, name: Buffer): Promise<Answer> {
  const message = context.compose({ charset, name: name.toString('latin1') });
  return exchange(await context.open(), message);
}

/** A case with a set of table 0211 and a name of two components in it. */
function set(id: string, charset: string, hex: string): Omit<Case, 'group'> {
  const name = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return {
    id,
    title: `MSH-18 ${charset} is taken`,
    why: 'Where the set is not known, names arrive damaged, or not at all. HL7 2.9 chapter 2, MSH-18, table 0211.',
    level: 'should',
    async run(context) {
      return pass(`${shown(name)}: ${taken(await send(context, charset, name)).says}`);
    },
  };
}

/** A case whose bytes can't be what MSH-18 says: refused, or taken with a warning. */
function wrong(id: string, title: string, why: string, charset: string, name: Buffer): Omit<Case, 'group'> {
  return {
    id,
    title,
    why: `${why} HL7 2.9 chapter 2, MSH-18.`,
    level: 'should',
    async run(context) {
      const answer = await send(context, charset, name);
      if (answer.taken && answer.errors.length === 0)
        throw failed(`${shown(name)} was taken without a warning: ${answer.says}`);
      return pass(`${shown(name)}: ${answer.says}`);
    },
  };
}

export const charset = group('charset', [
  // M-u-umlaut-ller^Zo-e
  set('latin-1', '8859/1', '4D FC 6C 6C 65 72 5E 5A 6F EB'),
  set('latin-2', '8859/2', 'A3 F3 64 BC 5E 5A 6F FB'),
  set('cyrillic', '8859/5', 'B8 D2 D0 DD DE D2 5E B8 D2 D0 DD'),
  set('greek', '8859/7', 'C0 E1 F0 E1 F2 5E C1 ED ED E1'),
  set('hebrew', '8859/8', 'EB E4 EF 5E E3 E5 E3'),
  set('latin-5', '8859/9', 'DE 61 68 69 6E 5E 49 FE FD 6B'),
  set('latin-9', '8859/15', '4D FC 6C 6C 65 72 5E BD 6E 6F 6E A4'),
  set('utf-8', 'UNICODE UTF-8', 'C5 81 C3 B3 64 C5 BA 5E E7 8E 8B F0 9F 99 82'),
  set('japanese', 'ASCII~ISO IR87', '59 61 6D 61 64 61 5E 1B 24 42 3B 33 45 44 1B 28 42'),
  set('korean', 'KS X 1001', 'B1 E8 5E C3 B6 BC F6'),
  set('chinese', 'GB 18030-2000', 'CD F5 5E D0 A1 C3 F7'),
  {
    id: 'unnamed-utf-8',
    title: 'UTF-8 without MSH-18 is answered by its name',
    why: 'Most senders of UTF-8 leave MSH-18 empty. By the standard it is ASCII then: to take it or to refuse it, both are right. HL7 2.9 chapter 2, MSH-18.',
    level: 'must',
    async run(context) {
      const message = context.compose({ name: Buffer.from('Łódź^Zoë').toString('latin1') });
      return pass((await exchange(await context.open(), message)).says);
    },
  },
  {
    id: 'byte-order-mark',
    title: 'a byte order mark before MSH is not met with silence',
    why: 'Senders that read files put it there. Without an answer the feed stands still. HL7 2.9 §2.5: a message starts with MSH; a refusal is right, too.',
    level: 'should',
    async run(context) {
      const line = await context.open();
      const message = context.compose({ charset: 'UNICODE UTF-8' });
      await line.write(block(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), message.bytes])));
      const reacted = sane(await reaction(line, context.timeout_ms), message, context.timeout_ms);
      return pass(reacted);
    },
  },
  wrong(
    'not-utf-8',
    'bytes that are no UTF-8, under that name, are not taken in silence',
    'Read all the same, the name has replacement characters in it for good.',
    'UNICODE UTF-8',
    Buffer.from('4D FC 6C 6C 65 72 5E 5A 6F EB'.replaceAll(' ', ''), 'hex'),
  ),
  wrong(
    'not-ascii',
    'bytes over 7F, under the name ASCII, are not taken in silence',
    'Whatever they are, ASCII they are not.',
    'ASCII',
    Buffer.from('4D FC 6C 6C 65 72 5E 5A 6F EB'.replaceAll(' ', ''), 'hex'),
  ),
  wrong(
    'unknown-name',
    'a set that does not exist is not taken in silence',
    'Nobody can know what the bytes mean.',
    'NO SUCH SET',
    Buffer.from('4D FC 6C 6C 65 72 5E 5A 6F EB'.replaceAll(' ', ''), 'hex'),
  ),
  {
    id: 'control-id',
    title: 'a control id in UTF-8 comes back byte for byte',
    why: 'Decoded and written in another set, it matches nothing. HL7 2.9 chapter 2, MSA-2.',
    level: 'should',
    async run(context) {
      const id = Buffer.from(`${context.compose().control_id}-é`).toString('latin1');
      const message = context.compose({ charset: 'UNICODE UTF-8', control_id: id });
      const answer = await exchange(await context.open(), message);
      return pass(`${shown(Buffer.from(id, 'latin1'))}: ${answer.code}`);
    },
  },
  {
    id: 'answer-names-its-set',
    title: 'an answer to a message in UTF-8 has only bytes of the set that it names',
    why: 'The text of a refusal may quote what was sent. HL7 2.9 chapter 2, MSH-18.',
    level: 'should',
    async run(context) {
      const name = Buffer.from('Łódź^Zoë');
      const message = context.compose({
        charset: 'UNICODE UTF-8',
        type: 'ZZZ^Z99',
        name: name.toString('latin1'),
      });
      const answer = await exchange(await context.open(), message);
      const named = answer.msh(18);
      const isAscii = answer.bytes.every((byte) => byte < 0x80);
      if (!isAscii && named === '') throw failed(`bytes over 7F and no MSH-18: ${shown(answer.bytes, 300)}`);
      return pass(`MSH-18 "${named}", ${isAscii ? 'ASCII only' : 'other bytes too'}`);
    },
  },
]);
