import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import { decode } from '../../src/hl7/charset.ts';
import { CHARSET_NAMES } from '../../src/hl7/charset-names.ts';
import { encodeMessage } from '../../src/hl7/encode.ts';
import { readHeader } from '../../src/hl7/header.ts';

const message = (name: string, charset = '', rest = '') =>
  `MSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.5||||||${charset}${rest}\rPID|1||1||${name}\rOBX|1|TX|1||ok\rOBX|2|TX|2||${name}\r`;

/** MSH-18 of a text. */
const named = (text: string) => readHeader(Buffer.from(text)).charset.join('~');

describe('hl7 encode', () => {
  it('writes in the set of MSH-18, and leaves the message as it is', () => {
    const given = message('Žofie', '8859/2');
    const { bytes, text, says } = encodeMessage(given);
    expect(text).to.equal(given);
    expect(bytes.includes(Buffer.from([0xae, 0x6f]))).to.equal(true);
    expect(says).to.equal(undefined);
  });

  it('leaves ASCII as it is, and says UNICODE UTF-8 where it must write more than MSH-18 allows', () => {
    expect(encodeMessage(message('Ada')).text).to.equal(message('Ada'));
    const { text, bytes } = encodeMessage(message('Žofie'));
    expect(text).to.equal(message('Žofie', 'UNICODE UTF-8'));
    expect(bytes.toString()).to.equal(text);
  });

  it('never sends two or four bytes a character: they could hold the bytes that frame a message', () => {
    for (const charset of ['UNICODE UTF-16', 'utf-32']) {
      expect(encodeMessage(message('Ada', charset)).text).to.equal(message('Ada', 'UNICODE UTF-8'));
    }
  });

  it("puts the receiver's sets into MSH-18, and touches nothing else", () => {
    const { text } = encodeMessage(message('佐藤', 'UNICODE UTF-8', '||ISO'), {
      charset: ['ASCII', 'ISO IR87'],
    });
    expect(text).to.equal(message('佐藤', 'ASCII~ISO IR87', '||ISO'));
    const short = 'MSH|^~\\&|A\nPID|1';
    expect(encodeMessage(short, { charset: ['8859/1'] }).text).to.equal(
      `MSH|^~\\&|A${'|'.repeat(15)}8859/1\nPID|1`,
    );
    expect(encodeMessage('MSH|^', { charset: ['8859/1', '8859/2'] }).text).to.match(/\|8859\/1$/);
  });

  it('refuses what the set lacks: says how many and where, and no value', () => {
    const send = () => encodeMessage(message('Žofie Č', 'UNICODE UTF-8'), { charset: ['8859/1'] });
    expect(send)
      .to.throw(
        PipehatError,
        'the character set 8859/1 lacks characters of the message: 2, the first in PID-5',
      )
      .with.include({ code: 'hl7-charset-unrepresentable', at: 'PID-5', class: 'permanent' });
    expect(() => encodeMessage('MSH|^~\\&|A\rOBX|1\rOBX|2|日\r', { charset: ['ASCII'] })).to.throw(
      /first in OBX\[2\]-2/,
    );
    expect(() => encodeMessage('MSH|^~\\&|A|日', { charset: ['ASCII'] })).to.throw(/first in MSH-4/);
  });

  it('replaces, where it is told to, by the letter without its marks, else by a question mark', () => {
    const { text, bytes, says } = encodeMessage(message('Čeněk ① 日\u00bd'), {
      ...{ charset: ['ASCII'], unrepresentable: 'replace' },
    });
    expect(text).to.equal(message('Cenek 1 ?1', 'ASCII'));
    expect(bytes.toString('latin1')).to.equal(text);
    expect(says).to.equal('characters that ASCII lacks were replaced: 10, the first in PID-5');
  });

  it('makes no delimiter of what it replaces', () => {
    const { text } = encodeMessage(message('｜＾～＆＼'), { charset: ['ASCII'], unrepresentable: 'replace' });
    expect(text).to.equal(message('?????', 'ASCII'));
  });

  it('refuses names that it does not know, and what is no message', () => {
    expect(() => encodeMessage(message('Ada', 'KLINGON'))).to.throw(/KLINGON/);
    expect(() => encodeMessage('hello'))
      .to.throw(PipehatError)
      .with.property('code', 'hl7-no-msh');
  });

  it('gives bytes that a receiver who goes by MSH-18 reads as the very text, or its one error', () => {
    const charset = fc.constantFrom('', '~ISO IR87', ...CHARSET_NAMES);
    const wanted = fc.option(
      fc.array(fc.constantFrom(...CHARSET_NAMES.filter((name) => !/16$|32$/.test(name))), {
        minLength: 1,
        maxLength: 3,
      }),
    );
    const unrepresentable = fc.constantFrom('reject' as const, 'replace' as const);
    const name = fc.string({ unit: 'binary', maxLength: 8 });
    fc.assert(
      fc.property(name, charset, wanted, unrepresentable, (given, own, names, on) => {
        try {
          const { bytes, text } = encodeMessage(message(given, own), {
            charset: names ?? undefined,
            unrepresentable: on,
          });
          expect(decode(bytes, readHeader(bytes).charset).text).to.equal(text);
          if (names !== null) expect(named(text)).to.equal(names.join('~'));
          if (on === 'reject')
            expect(text.replace(/^[^\r]*/, '')).to.equal(message(given).replace(/^[^\r]*/, ''));
        } catch (error) {
          expect(error).to.be.instanceOf(PipehatError).with.property('code', 'hl7-charset-unrepresentable');
          expect(on).to.equal('reject');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
