import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import { decode, decodeBytes } from '../../src/hl7/charset.ts';
import {
  CHARSET_NAMES,
  charsetAliases,
  charsetName,
  codecOf,
  WIDE_SETS,
} from '../../src/hl7/charset-names.ts';
import { readable } from '../../src/hl7/readable.ts';

const bytes = (...given: number[]) => Uint8Array.from(given);
const text = (given: Uint8Array, charset: string[], fallback: string[] = []) =>
  decode(given, charset, fallback).text;

/** Text that each set has, and its bytes as the standards and other programs write them. */
const KNOWN: readonly [string, string, string][] = [
  ['ASCII', 'A', '41'],
  ['8859/1', 'é€“', 'e98093'],
  ['8859/2', 'ąŁ', 'b1a3'],
  ['8859/3', 'Ħ', 'a1'],
  ['8859/4', 'ĸ', 'a2'],
  ['8859/5', 'ж', 'd6'],
  ['8859/6', 'ب', 'c8'],
  ['8859/7', 'α', 'e1'],
  ['8859/8', 'א', 'e0'],
  ['8859/9', 'ş', 'fe'],
  ['8859/10', 'Ą', 'a1'],
  ['8859/13', 'ū', 'fb'],
  ['8859/14', 'Ŵ', 'd0'],
  ['8859/15', '€œ', 'a4bd'],
  ['8859/16', 'ș', 'ba'],
  ['WINDOWS-1251', 'ж', 'e6'],
  ['ISO IR6', 'A', '41'],
  ['ISO IR14', 'ﾔA', 'd441'],
  ['ISO IR87', 'A日本', '411b2442467c4b5c1b2842'],
  ['ISO IR159', '丂', '1b24284430211b2842'],
  ['JIS X 0202', 'あ', '1b244224221b2842'],
  ['SHIFT-JIS', '表ソ', '955c835c'],
  ['EUC-JP', '日', 'c6fc'],
  ['GB 18030-2000', '偉€𠮷', '82a5a2e39534b235'],
  ['KS X 1001', '김', 'b1e8'],
  ['BIG-5', '許功', 'b35ca55c'],
  ['UNICODE', 'é', 'c3a9'],
  ['UNICODE UTF-8', 'é€𠮷', 'c3a9e282acf0a0aeb7'],
];

describe('hl7 charset', () => {
  for (const [name, given, hex] of KNOWN) {
    it(`reads and writes ${name}`, () => {
      const written = Buffer.from(hex, 'hex');
      expect(decode(written, [name])).to.include({ text: given, charset: name, source: 'MSH-18' });
      expect(codecOf([name]).encode(given)?.toString('hex')).to.equal(hex);
    });
  }

  it('knows a set by what senders write', () => {
    const written: [string, string][] = [
      ['utf8', 'UNICODE UTF-8'],
      ['UTF-8', 'UNICODE UTF-8'],
      ['unicode utf-8 ', 'UNICODE UTF-8'],
      ['ISO-8859-1', '8859/1'],
      ['8859-1', '8859/1'],
      ['iso_8859_1', '8859/1'],
      ['LATIN1', '8859/1'],
      ['CP1252', '8859/1'],
      ['Windows-1252', '8859/1'],
      ['ISO_IR 100', '8859/1'],
      ['ISO_IR 192', 'UNICODE UTF-8'],
      ['ISO-8859-15', '8859/15'],
      ['ISO-2022-JP', 'JIS X 0202'],
      ['ISO IR 87', 'ISO IR87'],
      ['GB18030', 'GB 18030-2000'],
      ['Big5', 'BIG-5'],
    ];
    for (const [alias, name] of written) expect(charsetName(alias), alias).to.equal(name);
    for (const name of ['', 'KLINGON', '8859/11', '8859/12', 'CNS 11643-1992'])
      expect(charsetName(name), name).to.equal(undefined);
  });

  it('has no alias that means two sets', () => {
    for (const [name, also] of charsetAliases()) {
      for (const alias of also) expect(charsetName(alias), alias).to.equal(name);
    }
  });

  it('takes the first set for the whole message where no escape leads to the others', () => {
    expect(text(bytes(0xe9), ['8859/1', 'UNICODE UTF-8'])).to.equal('é');
    expect(text(Buffer.from('é'), ['UNICODE UTF-8', '8859/1'])).to.equal('é');
  });

  it('goes by MSH-18, then the channel, then valid UTF-8, and warns of what nobody said', () => {
    const assumed = { source: 'valid UTF-8', charset: 'UNICODE UTF-8', warnings: ['charset-assumed'] };
    expect(decode(bytes(0x41), [])).to.deep.equal({
      text: 'A',
      charset: 'ASCII',
      source: 'ASCII',
      warnings: [],
    });
    expect(decode(bytes(0xc3, 0xa9), [''])).to.deep.equal({ text: 'é', ...assumed });
    expect(decode(bytes(0xb1), [], ['8859/2'])).to.deep.equal({
      ...{ text: 'ą', charset: '8859/2', source: 'channel', warnings: [] },
    });
    expect(text(bytes(0xb1), ['8859/1'], ['8859/2'])).to.equal('±');
  });

  it('reads Unicode by its first bytes, whatever is named, and leaves the byte order mark out', () => {
    const forms: [string, Buffer][] = [
      ['UNICODE UTF-8', Buffer.from('\ufeffMSHł')],
      ['UNICODE UTF-16', Buffer.from('\ufeffMSHł', 'utf16le')],
      ['UNICODE UTF-16', Buffer.from('\ufeffMSHł', 'utf16le').swap16()],
      ['UNICODE UTF-16', Buffer.from('MSHł', 'utf16le')],
      ['UNICODE UTF-16', Buffer.from('MSHł', 'utf16le').swap16()],
      [
        'UNICODE UTF-32',
        Buffer.from('\u{feff}MSHł', 'utf16le')
          .swap16()
          .toString('hex')
          .replaceAll(/..../g, '0000$&') as never,
      ],
      [
        'UNICODE UTF-32',
        Buffer.from('MSHł', 'utf16le').toString('hex').replaceAll(/..../g, '$&0000') as never,
      ],
    ];
    for (const [charset, given] of forms) {
      const written = typeof given === 'string' ? Buffer.from(given, 'hex') : given;
      expect(decode(written, [charset])).to.include({ text: 'MSHł', charset, source: 'MSH-18' });
      const found = decode(written, ['8859/1']);
      expect(found).to.deep.include({ text: 'MSHł', charset, warnings: ['charset-assumed'] });
    }
  });

  it('says how many bytes a set does not have, and where the first is, and never replaces them', () => {
    const cases: [string[], Uint8Array, number, number][] = [
      [[], bytes(0x41, 0xe9), 1, 1],
      [['UNICODE UTF-8'], bytes(0xff), 1, 0],
      [['UNICODE UTF-8'], Buffer.from([0xc3, 0xa9, 0xef, 0xbf, 0xbd, 0xc3]), 1, 5],
      [['ASCII'], bytes(0x41, 0xe9, 0xe8), 2, 1],
      [['8859/1'], bytes(0xe9, 0x81), 1, 1],
      [['8859/3'], bytes(0x41, 0xa5), 1, 1],
      [['GB 18030-2000'], Buffer.from('82a5ff41', 'hex'), 1, 2],
      [['BIG-5'], Buffer.from('b35c41ff', 'hex'), 1, 3],
      [['', 'ISO IR87'], Buffer.from('41e9', 'hex'), 1, 1],
      [['', 'ISO IR87'], Buffer.from('1b24422d7f', 'hex'), 1, 3],
      [['UNICODE UTF-16'], Buffer.from('MSH'), 3, 0],
    ];
    for (const [charset, given, count, offset] of cases) {
      expect(() => decode(given, charset), charset.join())
        .to.throw(PipehatError, new RegExp(`: ${count}, the first at offset ${offset} `))
        .with.include({ code: 'hl7-charset-undecodable', at: 'MSH-18' });
    }
  });

  it('takes U+FFFD for a fault only where the bytes do not spell it', () => {
    expect(text(Buffer.from('\ufffd'), ['UNICODE UTF-8'])).to.equal('\ufffd');
    expect(text(Buffer.from('8431a437', 'hex'), ['GB 18030-2000'])).to.equal('\ufffd');
  });

  it('refuses a set that it does not know', () => {
    for (const charset of [['KLINGON'], ['', 'KLINGON'], ['CNS 11643-1992']]) {
      expect(() => decode(bytes(0x41), charset))
        .to.throw(PipehatError, /"(KLINGON|CNS 11643-1992)"/)
        .with.include({ code: 'hl7-charset-unknown', at: 'MSH-18' });
    }
  });

  it('decodes some bytes by themselves, and shows what can not be read', () => {
    expect(decodeBytes(bytes(0xb1), ['8859/2'])).to.equal('ą');
    expect(decodeBytes(Buffer.from('é'), [])).to.equal('é');
    expect(readable(Buffer.from('MSH|^~\\&|||||||||||||||8859/5|\rPID|ж'))).to.include('ж');
    expect(readable(bytes(0xe9))).to.equal('é');
    expect(readable(Buffer.from('4d53487c5e7e5c267c0d5049447cb1', 'hex'), ['8859/2'])).to.include('PID|ą');
  });

  it('reads what it wrote, in every set, and writes whatever it read', () => {
    const lists = fc.oneof(
      fc.constantFrom(...CHARSET_NAMES).map((name) => [name]),
      fc.constantFrom(
        ['ASCII', 'ISO IR87'],
        ['ASCII', 'ISO IR87', 'ISO IR159'],
        ['8859/1', 'ISO IR87'],
        ['ASCII', 'KS X 1001'],
      ),
      fc.constantFrom(['ISO IR14', 'ISO IR87'], ['8859/1', '8859/2', '8859/7'], ['KS X 1001', 'ISO IR87']),
    );
    const repertoire = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'aZ|^~\\&\r\n \t\x1b$B'), maxLength: 3 }),
      fc.constantFrom(...KNOWN.map(([, given]) => given)),
      fc.integer({ min: 0x80, max: 0x17f }).map((code) => String.fromCodePoint(code)),
      fc.integer({ min: 0x370, max: 0x6ff }).map((code) => String.fromCodePoint(code)),
      fc.integer({ min: 0x3041, max: 0x9fff }).map((code) => String.fromCodePoint(code)),
      fc.integer({ min: 0xac00, max: 0xd7a3 }).map((code) => String.fromCodePoint(code)),
      fc.string({ unit: 'binary', maxLength: 2 }),
    );
    let written = 0;
    fc.assert(
      fc.property(lists, fc.array(repertoire, { maxLength: 4 }), (names, parts) => {
        const codec = codecOf(names);
        // Each part that the set has: so that whole texts are made of its repertoire.
        const given = parts.filter((part) => codec.encode(part) !== undefined).join('');
        const encoded = codec.encode(given);
        expect(encoded, names.join('~')).to.not.equal(undefined);
        written += encoded!.length;
        expect(codec.decode(encoded!)).to.deep.equal({ text: given, faults: undefined });
      }),
      { numRuns: 5000 },
    );
    expect(written).to.be.greaterThan(1000);
  });

  it('writes every character of each set, and no byte that frames a message or ends a segment', () => {
    for (const name of CHARSET_NAMES.filter((each) => !WIDE_SETS.includes(each))) {
      const codec = codecOf([name]);
      let count = 0;
      for (let code = 0x20; code < 0xffff; code += name.includes('UTF') ? 37 : 1) {
        const character = String.fromCharCode(code);
        const encoded = code >= 0xd800 && code <= 0xdfff ? undefined : codec.encode(character);
        if (encoded === undefined) continue;
        count += 1;
        if (codec.decode(encoded).text !== character) throw new Error(`${name} U+${code.toString(16)}`);
        if (encoded.some((byte) => byte < 0x20 && byte !== 0x1b))
          throw new Error(`${name} U+${code.toString(16)}`);
      }
      expect(count, name).to.be.greaterThan(94);
    }
  });

  it('gives text or a documented error for any bytes, in every set', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .array(
          fc.constantFrom(
            '1b2442',
            '1b2842',
            '1b242844',
            '1b',
            '1b2949',
            '0d',
            'fffe',
            '4d5348',
            '7c',
            '467c',
            '82a5',
          ),
          { maxLength: 12 },
        )
        .map((pieces) => Buffer.from(pieces.join(''), 'hex')),
    );
    const names = fc.array(fc.constantFrom('', ...CHARSET_NAMES, 'KLINGON'), { maxLength: 3 });
    fc.assert(
      fc.property(
        noise,
        names,
        names.filter((list) => !list.includes('KLINGON')),
        (given, charset, fallback) => {
          try {
            expect(decode(given, charset, fallback).text.isWellFormed()).to.equal(true);
          } catch (error) {
            if (!(error instanceof PipehatError)) throw error;
            expect(error.code).to.be.oneOf(['hl7-charset-undecodable', 'hl7-charset-unknown']);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('finds faults of a long text without reading it again for each', () => {
    const long = Buffer.alloc(2_000_000, Buffer.from('é\xff', 'latin1'));
    expect(() => decode(long, ['UNICODE UTF-8'])).to.throw(/2000000, the first at offset 0/);
  });
});
