import { expect } from 'chai';
import fc from 'fast-check';
import { splitMessages } from '../../src/hl7/split.ts';

const A = 'MSH|^~\\&|A\rPID|1\r';
const B = 'MSH|^~\\&|B\rPID|2\r';

function split(text: string): string[] {
  return [...splitMessages(Buffer.from(text, 'latin1'))].map((piece) =>
    Buffer.from(piece).toString('latin1'),
  );
}

describe('hl7 split', () => {
  it('gives one message as it stands', () => {
    expect(split(A)).to.deep.equal([A]);
    expect(split('MSH|^~\\&|A\r\nPID|1')).to.deep.equal(['MSH|^~\\&|A\r\nPID|1']);
    const feeds = 'MSH|^~\\&|A\r\nPID|1\r\n';
    expect(split(feeds + feeds)).to.deep.equal([feeds, feeds]);
    expect(split('')).to.deep.equal([]);
    expect(split('\r\n\n')).to.deep.equal([]);
  });

  it('cuts messages that stand one after another, with or without blank lines', () => {
    expect(split(A + B)).to.deep.equal([A, B]);
    expect(split(`${A}\r\r${B}\r\n\n`)).to.deep.equal([A, B]);
    expect(split('msh|^~\\&|A\nMSH$%*!/$B')).to.deep.equal(['msh|^~\\&|A\n', 'MSH$%*!/$B']);
  });

  it('takes frames off, and keeps what is in them', () => {
    expect(split(`\x0b${A}\x1c\r\x0b${B}\x1c\r`)).to.deep.equal([A, B]);
    expect(split(`\x0b${A}\x1c\r\n\x0b${B}\x1c\r\n`)).to.deep.equal([A, B]);
    expect(split(`\x0bGET /\x1c\r\x0b${B}\x1c\r`)).to.deep.equal(['GET /', B]);
    expect(split(`\x0b${A}\x0b${B}\x1c\r`)).to.deep.equal([A, B]);
    expect(split(`\x0b${A}\x0bGET /\x1c\r`)).to.deep.equal([A, 'GET /']);
    expect(split('\x0b\x1c\r')).to.deep.equal([]);
  });

  it('drops the envelopes of batches', () => {
    const batch = `FHS|^~\\&|F\rBHS|^~\\&|B\r${A}${B}BTS|2\rBHS|^~\\&|B\r${A}BTS|1\rFTS|2\r`;
    expect(split(batch)).to.deep.equal([A, B, A]);
    expect(split(`\x0b${batch}\x1c\r`)).to.deep.equal([A, B, A]);
    expect(split(`BHS|^~\\&\r${A}BTS`)).to.deep.equal([A]);
  });

  it('gives what stands before the first message as a piece of its own', () => {
    expect(split(`Dear lab,\rhere it is:\r${A}`)).to.deep.equal(['Dear lab,\rhere it is:\r', A]);
    expect(split('{"resourceType":"Bundle"}\n')).to.deep.equal(['{"resourceType":"Bundle"}\n']);
    expect(split(`PID|0\r${A}`)).to.deep.equal(['PID|0\r', A]);
  });

  it('does not take text for the start of a message', () => {
    const text = 'MSH|^~\\&|A\rOBX|1|TX|||see MSH|x\rMSHX\rBTSX|1\r';
    expect(split(text)).to.deep.equal([text]);
  });

  it('leaves block characters alone inside of a line', () => {
    const odd = 'MSH|^~\\&|a\x0bb\x1cc\r';
    expect(split(odd + B)).to.deep.equal([odd, B]);
    expect(split(`\x0b${odd}\x1c\r\x0b${B}\x1c\r`)).to.deep.equal([odd, B]);
  });

  it('drops the byte order mark of a file', () => {
    expect(split(`\xef\xbb\xbf${A}`)).to.deep.equal([A]);
  });

  it('loses no message, however they are put together', () => {
    const line = fc
      .string({ unit: 'binary-ascii', maxLength: 12 })
      .map((text) => `OBX|${text.replaceAll(/[\r\n\v\x1c]/g, ' ')}`);
    const message = fc.array(line, { maxLength: 5 }).map((lines) => ['MSH|^~\\&|X', ...lines, ''].join('\r'));
    const around = fc.constantFrom(['', ''], ['\x0b', '\x1c\r'], ['\r', '\r'], ['BHS|^~\\&\r', 'BTS|1\r']);
    fc.assert(
      fc.property(fc.array(fc.tuple(message, around)), (given) => {
        const file = given.map(([text, [before, after]]) => `${before}${text}${after}`).join('');
        expect(split(file)).to.deep.equal(given.map(([text]) => text));
      }),
    );
  });

  it('gives for any bytes pieces of them, in order', () => {
    const bytes = fc.array(fc.constantFrom('MSH|', 'FHS|', 'x', '\r', '\n', '\x0b', '\x1c', 'é'), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(bytes, (given) => {
        const text = given.join('');
        let at = 0;
        for (const piece of split(text)) {
          const found = text.indexOf(piece, at);
          expect(found).to.be.at.least(at);
          expect(piece).not.to.equal('');
          at = found + piece.length;
        }
        const messages = split(text).filter((piece) => piece.startsWith('MSH|'));
        expect(messages).to.have.length(text.match(/^\v?MSH\|/gm)?.length ?? 0);
      }),
      { numRuns: 500 },
    );
  });

  it('takes a file in UTF-16 or UTF-32 for one message, whatever its bytes look like', () => {
    // U+0D1C ends in what ends a frame, and U+0D0D holds two line ends.
    const text = '\ufeffMSH|^~\\&|\u0d1c\u0d0dMSH|\rMSH|^~\\&|\r';
    const little = Buffer.from(text, 'utf16le');
    for (const bytes of [little, Buffer.from(little).swap16(), little.subarray(2)])
      expect([...splitMessages(bytes)]).to.deep.equal([bytes]);
  });
});
