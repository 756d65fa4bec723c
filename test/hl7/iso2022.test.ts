import { expect } from 'chai';
import { codecOf } from '../../src/hl7/charset-names.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const read = (names: string[], given: string) => codecOf(names).decode(hex(given)).text;
const written = (names: string[], text: string) => codecOf(names).encode(text)?.toString('latin1');

/** 日 is 46 7C in JIS X 0208: its second byte is the field separator. */
const NICHI = '1b2442 467c 1b2842';

describe('hl7 iso 2022', () => {
  it('follows the escape sequences that HL7 lists, in both halves of the code table', () => {
    const cases: [string[], string, string][] = [
      [['ASCII', 'ISO IR87'], `41 ${NICHI} 41`, 'A日A'],
      [['ASCII', 'ISO IR87'], '1b2440 467c', '日'],
      [['ASCII', 'ISO IR87', 'ISO IR159'], '1b242844 3021', '丂'],
      [['ISO IR14', 'ISO IR87'], `d4 ${NICHI} d4`, 'ﾔ日ﾔ'],
      [['ASCII', 'ISO IR14'], '1b2949 d4', 'ﾔ'],
      [['ASCII', 'ISO IR14'], '1b2849 54', 'ﾔ'],
      [['ASCII', 'KS X 1001'], '1b242943 b1e8', '김'],
      [['KS X 1001', 'ISO IR87'], `b1e8 ${NICHI} b1e8`, '김日김'],
      [['8859/1', '8859/2', '8859/5'], 'e9 1b2d42 b1 1b2d4c d6 1b2d41 e9', 'éążé'.replace('ż', 'ж')],
    ];
    for (const [names, given, text] of cases) expect(read(names, given), given).to.equal(text);
  });

  it('begins every segment in the first set again', () => {
    expect(read(['ASCII', 'ISO IR87'], '1b2442 467c 0d 467c')).to.equal('日\rF|');
    expect(read(['8859/1', '8859/2'], '1b2d42 b1 0d b1')).to.equal('ą\r±');
  });

  it('takes 5C and 7E of JIS X 0201 for the delimiters that HL7 means by them', () => {
    expect(read(['ASCII', 'ISO IR87'], '1b284a 5c7e')).to.equal('\\~');
    expect(read(['ISO IR14'], '5c7e')).to.equal('\\~');
  });

  it('leaves an ESC that begins no sequence as it is', () => {
    expect(read(['ASCII', 'ISO IR87'], '1b 41 1b')).to.equal('\x1bA\x1b');
  });

  it('reads no sequence where MSH-18 names no second set', () => {
    expect(read(['8859/1'], '1b2442 467c')).to.equal('\x1b$BF|');
  });

  it('goes back to ASCII before each delimiter, and at the end', () => {
    expect(written(['ASCII', 'ISO IR87'], '日|本^花\r子')).to.equal(
      '\x1b$BF|\x1b(B|\x1b$BK\\\x1b(B^\x1b$B2V\x1b(B\r\x1b$B;R\x1b(B',
    );
  });

  it('designates an upper half once a segment', () => {
    expect(written(['ASCII', 'KS X 1001'], '김|김\r김')).to.equal('\x1b$)C±è|±è\r\x1b$)C±è');
    expect(written(['8859/1', '8859/2'], 'éąé')).to.equal(
      'é\x1b-B±\x1b-Aé'.replace('é', '\xe9').replace('é', '\xe9'),
    );
  });

  it('writes no sequence where the first set has it all', () => {
    expect(written(['8859/1', 'ISO IR87'], 'é“')).to.equal('\xe9\x93');
  });

  it('writes nothing that it could not read: characters of no set, and an ESC that would begin a sequence', () => {
    expect(written(['ASCII', 'ISO IR87'], '日é')).to.equal(undefined);
    expect(written(['ASCII', 'ISO IR87'], '日\x1b(B')).to.equal(undefined);
  });
});
