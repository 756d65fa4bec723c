import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import { readHeader } from '../../src/hl7/header.ts';
import { text } from './arbitraries.ts';

const header = (given: string) => readHeader(Buffer.from(given, 'latin1'));

describe('hl7 header', () => {
  it('reads the facts of MSH', () => {
    const { delimiters, ...facts } = header(
      'MSH|^~\\&|HIS^1.2.3^ISO|GHH|ENGINE|HUB|20260301101500+0100^S||ADT^A04^ADT_A01|MSG1|P^T|2.5.1^DEU|||AL|NE||8859/1~UNICODE UTF-8\rPID|1',
    );
    expect(delimiters.component).to.equal('^');
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
    for (const given of ['', 'MSH', '\x0bMSH|^~\\&', '\xef\xbb\xbfMSH|^~\\&', 'PID|1', '{"a":1}']) {
      expect(() => header(given), given)
        .to.throw(PipehatError)
        .with.property('code', 'hl7-no-msh');
    }
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
