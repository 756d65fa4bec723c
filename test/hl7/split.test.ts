import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { splitMessages } from '../../src/hl7/split.ts';
import { text } from './arbitraries.ts';

/** The pieces of a file, as text. */
function split(file: string): string[] {
  return [...splitMessages(Buffer.from(file, 'latin1'))].map((piece) =>
    Buffer.from(piece).toString('latin1'),
  );
}

const one = 'MSH|^~\\&|HIS||||||ADT^A01|1\rPID|1\r';
const two = 'MSH|^~\\&|HIS||||||ADT^A01|2\rPID|2\r';

describe('hl7 split', () => {
  it('finds messages one after another, whatever separates their lines', () => {
    expect(split(one)).to.deep.equal([one]);
    expect(split(one + two)).to.deep.equal([one, two]);
    expect(split(one + two.trimEnd())).to.deep.equal([one, two.trimEnd()]);
    const lines = (one + two).replaceAll('\r', '\r\n');
    expect(split(lines)).to.deep.equal([one.replaceAll('\r', '\r\n'), two.replaceAll('\r', '\r\n')]);
    expect(split(`\n\r\n${one} \t\r\r${two}`)).to.deep.equal([one, two]);
    expect(split('msh$|HIS\npid\nMsh$|HIS')).to.deep.equal(['msh$|HIS\npid\n', 'Msh$|HIS']);
  });

  it('takes messages out of a batch', () => {
    const batch = `FHS|^~\\&|HIS\rBHS|^~\\&|HIS\r${one}${two}BTS|2\rBHS|^~\\&\r${one}BTS\rFTS|2\r`;
    expect(split(batch)).to.deep.equal([one, two, one]);
  });

  it('takes messages out of frames', () => {
    expect(split(`\x0b${one}\x1c\r\x0b${two}\x1c\r`)).to.deep.equal([one, two]);
    expect(split(`\r\n\x0b${one}\x1c\r\n\x0b${two}\x1c`)).to.deep.equal([one, two]);
    expect(split(`\x0bFHS|\r${one}${two}FTS\r\x1c\r`)).to.deep.equal([one, two]);
    // The end block is missing.
    expect(split(`\x0b${one}\x0b${two}`)).to.deep.equal([one, two]);
    expect(split('\x0bGET /\x1c\r\x0bPID|1\x1c\r')).to.deep.equal(['GET /', 'PID|1']);
  });

  it('leaves block characters alone inside of text', () => {
    const odd = 'MSH|^~\\&|a\x0bb\x1cc\r';
    expect(split(odd + two)).to.deep.equal([odd, two]);
    expect(split(`\x0b${odd}\x1c\r\x0b${two}\x1c\r`)).to.deep.equal([odd, two]);
  });

  it('hands out what belongs to no message, to be answered for', () => {
    expect(split(`PID|0\rPV1|0\r${one}`)).to.deep.equal(['PID|0\rPV1|0\r', one]);
    expect(split(`FHS|\rNTE|1\r${one}FTS\rrest\r`)).to.deep.equal(['NTE|1\r', one, 'rest\r']);
    expect(split(' MSH|^~\\&')).to.deep.equal([' MSH|^~\\&']);
    expect(split('MSHX|')).to.deep.equal(['MSHX|']);
  });

  it('finds nothing in nothing', () => {
    for (const file of ['', '\r\n', ' \t\n', '\x0b\x1c\r', '\xef\xbb\xbf', 'FHS|^~\\&\rFTS|0\r']) {
      expect(split(file), file).to.deep.equal([]);
    }
  });

  it('leaves out the byte order mark of the file', () => {
    expect(split(`\xef\xbb\xbf${one}`)).to.deep.equal([one]);
  });

  it('splits the samples', () => {
    const read = (file: string) =>
      readFileSync(join(import.meta.dirname, '../../samples/batch', file), 'latin1');
    expect(split(read('oru-nightly-batch.hl7')).map((piece) => piece.slice(0, 4))).to.deep.equal(
      Array(read('oru-nightly-batch.hl7').match(/^MSH/gm)!.length).fill('MSH|'),
    );
    expect(split(read('adt-several.hl7')).join('')).to.equal(read('adt-several.hl7'));
  });

  it('loses no message, and adds nothing', () => {
    // Text without what would begin a message, an envelope or a frame.
    const body = fc
      .array(text, { maxLength: 4 })
      .map((lines) => lines.map((line) => line.replaceAll(/\p{C}|MSH/gu, '.')).join('\rZZZ|'));
    const messages = fc.array(
      body.map((rest) => `MSH|^~\\&|${rest}\r`),
      { minLength: 1, maxLength: 5 },
    );
    const join = fc.constantFrom<(all: string[]) => string>(
      (all) => all.join(''),
      (all) => `FHS|^~\\&\rBHS|^~\\&\r${all.join('')}BTS|1\rFTS|1\r`,
      (all) => all.map((each) => `\x0b${each}\x1c\r`).join(''),
      (all) => all.map((each) => `BHS|^~\\&\n${each}BTS\n`).join('\r\n'),
    );
    fc.assert(
      fc.property(messages, join, (given, together) => {
        const all = given.map((each) => Buffer.from(each).toString('latin1'));
        expect(split(together(all))).to.deep.equal(all);
      }),
    );
  });

  it('gives pieces of any bytes, in order, none empty', () => {
    const bytes = fc
      .array(fc.constantFrom('\x0b', '\x1c', '\r', '\n', ' ', 'MSH|', 'FHS|', 'BTS', 'a'), { maxLength: 30 })
      .map((parts) => Buffer.from(parts.join('')));
    fc.assert(
      fc.property(bytes, (given) => {
        let end = 0;
        for (const piece of splitMessages(given)) {
          expect(piece.length).to.be.greaterThan(0);
          expect(piece.byteOffset - given.byteOffset).to.be.at.least(end);
          end = piece.byteOffset - given.byteOffset + piece.length;
        }
        const count = given.toString().match(/(?<=^|[\r\n])MSH\|/g)?.length ?? 0;
        expect([...splitMessages(given)].length).to.be.at.least(count);
      }),
    );
  });
});
