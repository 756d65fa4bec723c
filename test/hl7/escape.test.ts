import { expect } from 'chai';
import fc from 'fast-check';
import { escape, unescape } from '../../src/hl7/escape.ts';
import { type Delimiters, readDelimiters } from '../../src/hl7/message.ts';
import { delimiters, text } from './arbitraries.ts';

const standard = readDelimiters('MSH|^~\\&#|');

describe('hl7 escape', () => {
  it('reads the sequences of chapter 2', () => {
    const read = (raw: string) => unescape(raw, standard);
    expect(read('a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f\\P\\g')).to.equal('a|b^c&d~e\\f#g');
    expect(read('one\\.br\\two')).to.equal('one\ntwo');
    expect(read('\\X0D0A\\x\\XE9\\')).to.equal('\r\nxé');
    expect(read('\\E\\F\\E\\')).to.equal('\\F\\');
  });

  it('gives the lines of formatted text, without its layout and highlighting', () => {
    const read = (raw: string) => unescape(raw, standard);
    expect(read('\\.ce\\TITLE\\.sp\\one\\.sp2\\two\\.sp+3\\three\\.br\\four')).to.equal(
      'TITLE\none\n\ntwo\n\n\nthree\nfour',
    );
    expect(read('one\\.ce\\two\\.br\\\\.ce\\three')).to.equal('one\ntwo\nthree');
    expect(read('\\.in+4\\\\.ti-2\\\\.nf\\a\\.sk 3\\b\\.fi\\')).to.equal('a   b');
    expect(read('a \\H\\high\\N\\ value')).to.equal('a high value');
  });

  it('takes bytes in the character set of the message, else as Latin-1', () => {
    const read = (raw: string, charset?: string) => unescape(raw, standard, charset);
    expect(read('\\XC3A9\\', 'UNICODE UTF-8')).to.equal('é');
    expect(read('\\XE9\\', 'UNICODE UTF-8')).to.equal('é');
    expect(read('\\XB1\\', '8859/2')).to.equal('ą');
    for (const charset of [undefined, '', 'no such set']) expect(read('\\XC3A9\\', charset)).to.equal('Ã©');
  });

  it('reads what is called from another character set, and keeps what it can not tell', () => {
    const read = (raw: string, charset?: string) => unescape(raw, standard, charset);
    // JIS X 0208 (ESC $ B), back to ASCII (ESC ( B): "Kanji".
    expect(read('Kanji \\M2442\\4A;z\\C2842\\ ok', 'ASCII')).to.equal('Kanji 漢字 ok');
    expect(read('\\M2442\\$"', 'UNICODE UTF-8')).to.equal('あ');
    expect(read('\\M242844\\0!')).to.equal('丂');
    expect(read('\\C2D42\\±\\C2842\\', '8859/1')).to.equal('ą');
    expect(read('\\C2D4C\\Ø', 'ASCII')).to.equal('и');
    expect(read('\\C2949\\±', '8859/1')).to.equal('ｱ');
    // Escapes within a run belong to it.
    expect(read('\\C2842\\a\\F\\b\\X31\\')).to.equal('a|b1');
    for (const kept of ['\\C1234\\x', '\\M2442\\4', '\\M2442\\é!', '\\C2D42\\€', '\\M2442\\~~']) {
      expect(read(kept, '8859/1'), kept).to.equal(kept);
    }
    // In UTF-8 a character is no byte, so that its set is not to be told.
    expect(read('\\C2D42\\±', 'UNICODE UTF-8')).to.equal('\\C2D42\\±');
  });

  it('keeps what it does not know, and does not lose its way in it', () => {
    const kept = [
      ...[
        '\\.sp100\\',
        '\\.xx\\',
        '\\.sp-\\',
        '\\.br\\'.toUpperCase(),
        '\\h\\',
        '\\Z1\\',
        '\\X0\\',
        '\\X\\',
        '\\Xgg\\',
      ],
      ...['\\', 'a\\b', '\\\\', '\\C284\\', '\\M24\\', '\\C2842'],
    ];
    for (const raw of kept) expect(unescape(raw, standard), raw).to.equal(raw);
    // Without a fifth character in MSH-2 none stands for truncation.
    expect(unescape('\\P\\', readDelimiters('MSH|^~\\&|'))).to.equal('\\P\\');
    // The mark that closes the unknown one opens the next.
    expect(unescape('\\Z1\\F\\', standard)).to.equal('\\Z1|');
    expect(unescape('C:\\temp\\F\\x', standard)).to.equal('C:\\temp|x');
  });

  it('reads sequences as long as a message, and as many', () => {
    const hex = '41'.repeat(2_000_000);
    expect(unescape(`\\X${hex}\\`, standard)).to.have.length(2_000_000);
    expect(unescape('\\'.repeat(1_000_001), standard)).to.have.length(1_000_001);
    expect(unescape('\\.br\\'.repeat(300_000), standard)).to.equal('\n'.repeat(300_000));
    expect(unescape(`\\M2442\\${'$"'.repeat(500_000)}`, standard)).to.equal('あ'.repeat(500_000));
  });

  it('uses the delimiters of the message', () => {
    const own: Delimiters = readDelimiters('MSH$%*!/$');
    expect(escape('a$b%c*d!e/f|g^h', own)).to.equal('a!F!b!S!c!R!d!E!e!T!f|g^h');
    expect(unescape('a!F!b\\F\\', own)).to.equal('a$b\\F\\');
  });

  it('gives back any text, and leaves no delimiter in it', () => {
    fc.assert(
      fc.property(text, delimiters, (given, own) => {
        const raw = escape(given, own);
        expect(unescape(raw, own)).to.equal(given);
        for (const separator of [own.field, own.component, own.repetition, own.subcomponent, '\r', '\n']) {
          expect(raw).not.to.include(separator);
        }
      }),
    );
  });

  it('writes nothing that would cut where there is no escape character', () => {
    const bare = readDelimiters('MSH|^~|');
    expect(escape('a|b^c~d\re\nf&g\\h', bare)).to.equal('a b c d e f&g\\h');
    expect(unescape('a\\F\\b', bare)).to.equal('a\\F\\b');
  });
});
