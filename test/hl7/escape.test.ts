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

  it('keeps what it does not know, and does not lose its way in it', () => {
    const kept = [
      '\\H\\bold\\N\\',
      '\\.sp2\\',
      '\\Z1\\',
      '\\X0\\',
      '\\Xgg\\',
      '\\',
      'a\\b',
      '\\\\',
      '\\C2842\\',
    ];
    for (const raw of kept) expect(unescape(raw, standard), raw).to.equal(raw);
    // The mark that closes the unknown one opens the next.
    expect(unescape('\\Z1\\F\\', standard)).to.equal('\\Z1|');
    expect(unescape('C:\\temp\\F\\x', standard)).to.equal('C:\\temp|x');
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
