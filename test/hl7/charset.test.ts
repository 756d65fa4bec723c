import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import { decode } from '../../src/hl7/charset.ts';

const bytes = (...given: number[]) => Uint8Array.from(given);

describe('hl7 charset', () => {
  it('decodes by MSH-18', () => {
    const cases: [string, Uint8Array, string][] = [
      ['8859/1', bytes(0xe9), 'é'],
      ['8859/2', bytes(0xb1), 'ą'],
      ['8859/3', bytes(0xa1), 'Ħ'],
      ['8859/4', bytes(0xa2), 'ĸ'],
      ['8859/5', bytes(0xd6), 'ж'],
      ['8859/6', bytes(0xc8), 'ب'],
      ['8859/7', bytes(0xe1), 'α'],
      ['8859/8', bytes(0xe0), 'א'],
      ['8859/9', bytes(0xfe), 'ş'],
      ['8859/15', bytes(0xa4), '€'],
      ['UNICODE UTF-8', bytes(0xc3, 0xa9), 'é'],
      ['unicode utf-8 ', bytes(0xc3, 0xa9), 'é'],
      ['ASCII', bytes(0x41), 'A'],
    ];
    for (const [name, given, text] of cases) {
      expect(decode(given, [name]), name).to.deep.equal({ text, warnings: [] });
    }
  });

  it('takes the first set for the whole message', () => {
    expect(decode(bytes(0xe9), ['8859/1', 'UNICODE UTF-8']).text).to.equal('é');
  });

  it('reads ASCII and UTF-8 where MSH-18 is empty, and says so when it mattered', () => {
    expect(decode(bytes(0x41), [])).to.deep.equal({ text: 'A', warnings: [] });
    expect(decode(bytes(0xc3, 0xa9), [''])).to.deep.equal({ text: 'é', warnings: ['charset-assumed'] });
  });

  it('refuses bytes that the set does not have, and never replaces them', () => {
    const cases: [string[], Uint8Array][] = [
      [[], bytes(0x41, 0xe9)],
      [['UNICODE UTF-8'], bytes(0xff)],
      [['UNICODE UTF-8'], bytes(0xc3)],
      [['ASCII'], bytes(0xe9)],
      [['8859/3'], bytes(0xa5)],
    ];
    for (const [charset, given] of cases) {
      expect(() => decode(given, charset), charset.join())
        .to.throw(PipehatError)
        .with.include({ code: 'hl7-charset-undecodable', at: 'MSH-18' });
    }
  });

  it('refuses a set that it does not know', () => {
    expect(() => decode(bytes(0x41), ['KLINGON']))
      .to.throw(PipehatError, /"KLINGON"/)
      .with.include({ code: 'hl7-charset-unknown', at: 'MSH-18' });
  });

  it('keeps every character of UTF-8, a byte order mark too', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (given) => {
        expect(decode(Buffer.from(given), ['UNICODE UTF-8']).text).to.equal(given);
      }),
    );
    expect(decode(bytes(0xef, 0xbb, 0xbf), []).text).to.equal('\ufeff');
  });
});
