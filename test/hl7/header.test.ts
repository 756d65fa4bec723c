import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import { namesOf } from '../../src/hl7/charset.ts';
import { codecOf } from '../../src/hl7/charset-names.ts';
import { headerBytes, readHeader } from '../../src/hl7/header.ts';
import { text } from './arbitraries.ts';

const header = (given: string) => readHeader(Buffer.from(given, 'latin1'));

describe('hl7 header', () => {
  it('reads the facts of MSH', () => {
    const { delimiters, codec, ascii, ...facts } = header(
      'MSH|^~\\&|HIS^1.2.3^ISO|GHH|ENGINE|HUB|20260301101500+0100^S||ADT^A04^ADT_A01|MSG1|P^T|2.5.1^DEU|||AL|NE||8859/1~UNICODE UTF-8\rPID|1',
    );
    expect(delimiters.component).to.equal('^');
    expect([codec, ascii]).to.deep.equal([undefined, true]);
    expect(facts).to.deep.equal({
      sending_application: 'HIS',
      sending_facility: 'GHH',
      receiving_application: 'ENGINE',
      receiving_facility: 'HUB',
      addresses: ['HIS^1.2.3^ISO', 'GHH', 'ENGINE', 'HUB'],
      message_time: '20260301101500+0100',
      code: 'ADT',
      event: 'A04',
      structure: 'ADT_A01',
      control_id: 'MSG1',
      processing_id: 'P^T',
      version: '2.5.1',
      accept_ack: 'AL',
      application_ack: 'NE',
      charset: ['8859/1', 'UNICODE UTF-8'],
    });
  });

  it('has the empty text for what a short MSH leaves out', () => {
    expect(header('MSH|^~\\&')).to.include({ code: '', event: '', control_id: '', version: '' });
    expect(header('MSH|^~\\&').charset).to.deep.equal([]);
    expect(header('MSH|\n')).to.include({ code: '', control_id: '' });
    expect(header('MSH||HIS||||||ADT^A01')).to.include({ code: 'ADT^A01', event: '' });
  });

  it('reads a part of a larger buffer', () => {
    const bytes = Buffer.from('xxMSH|^~\\&|HIS\rPID|1yy').subarray(2, 20);
    expect(readHeader(bytes).sending_application).to.equal('HIS');
  });

  it('does not read past MSH', () => {
    expect(header('MSH|^~\\&|HIS\rPID|1||||||A^B').code).to.equal('');
  });

  it('refuses what does not start with MSH', () => {
    for (const given of ['', 'MSH', '\x0bMSH|^~\\&', 'PID|1', '{"a":1}']) {
      expect(() => header(given), given)
        .to.throw(PipehatError)
        .with.property('code', 'hl7-no-msh');
    }
  });

  it('passes over a byte order mark, and finds MSH in UTF-16 and UTF-32', () => {
    const text = '\ufeffMSH|^~\\&|HIS|Łódź|A|B|20260101||ADT^A01|7|P|2.5||||||UNICODE UTF-16\rPID|1';
    expect(readHeader(Buffer.from(text)).control_id).to.equal('7');
    const little = Buffer.from(text, 'utf16le');
    for (const bytes of [little, Buffer.from(little).swap16(), little.subarray(2)]) {
      const found = readHeader(bytes);
      expect(found).to.deep.include({
        sending_facility: 'Łódź',
        control_id: '7',
        charset: ['UNICODE UTF-16'],
      });
      expect(found.codec?.decode(headerBytes(found, 'MSA|Łódź')).text).to.equal('MSA|Łódź');
    }
  });

  it('cuts MSH right where half of a character looks like a delimiter, and gives its sender the same bytes back', () => {
    const sets: [string, string, string][] = [
      ['GB 18030-2000', '倈', '亅'],
      ['SHIFT-JIS', 'ポ', '竹'],
      ['BIG-5', '四', '育'],
      ['~ISO IR87', '日', '本'],
    ];
    for (const [charset, name, other] of sets) {
      const text = `MSH|^~\\&|HIS|${name}^${other}|A|B|20260101||ADT^A01|7|P|2.5||||||${charset}\rPID|1`;
      const bytes = codecOf(namesOf(charset.split('~'))).encode(text)!;
      const found = readHeader(bytes);
      const facts = { sending_facility: name, control_id: '7', version: '2.5', charset: charset.split('~') };
      expect(found, charset).to.deep.include(facts);
      expect(bytes.includes(headerBytes(found, found.addresses[1])), charset).to.equal(true);
      const silent = codecOf(namesOf(charset.split('~'))).encode(text.replace(charset, ''))!;
      expect(readHeader(silent, namesOf(charset.split('~'))), charset).to.deep.include({
        ...facts,
        charset: [],
      });
    }
  });

  it('keeps bytes apart where MSH-18 is wrong about them', () => {
    const bytes = Buffer.from(
      'MSH|^~\\&|HIS|\xff\xfe|A|B|20260101||ADT^A01|7|P|2.5||||||GB 18030-2000',
      'latin1',
    );
    const found = readHeader(bytes);
    expect(found).to.include({ codec: undefined, control_id: '7', sending_facility: '\xff\xfe' });
    expect(headerBytes(found, found.sending_facility)).to.deep.equal(Buffer.of(0xff, 0xfe));
  });

  it('gives a header or its documented error for any bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      text.map((rest) => Buffer.from(`MSH|^~\\&|${rest}`)),
      fc.uint8Array({ maxLength: 60 }).map((rest) => Buffer.concat([Buffer.from('MSH'), rest])),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        try {
          expect(readHeader(given).addresses).to.have.length(4);
        } catch (error) {
          expect(error).to.have.property('code', 'hl7-no-msh');
        }
      }),
      { numRuns: 300 },
    );
  });
});
