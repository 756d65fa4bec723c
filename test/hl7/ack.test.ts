import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import { type AckProblem, buildAck, readAck } from '../../src/hl7/ack.ts';
import { readHeader } from '../../src/hl7/header.ts';
import { readMessage } from '../../src/hl7/message.ts';
import { delimiters, encoding, text } from './arbitraries.ts';

const time = '20260301101500+0000';

const problem: AckProblem = {
  code: 'mapping-bad-value',
  says: 'expected Y|N, found something else',
  condition: '102',
  at: 'PID[2]-3[4].5.6',
};

/** The answer to a message of that version, as its segments. */
function answer(version: string, about?: Partial<AckProblem>, more = ''): string[] {
  const header = readHeader(
    Buffer.from(`MSH|^~\\&|HIS^1.2^ISO|GHH|ENGINE|HUB|2026||ADT^A01^ADT_A01|MSG1|T|${version}${more}\rPID|1`),
  );
  const given = about === undefined ? {} : { problem: { ...problem, ...about } };
  const ack = buildAck({ header, code: about ? 'AE' : 'AA', control_id: 'ACK1', time, ...given });
  expect(ack.endsWith('\r')).to.equal(true);
  return ack.split('\r').slice(0, -1);
}

describe('hl7 acknowledgement', () => {
  it('accepts, with addresses turned round', () => {
    expect(answer('2.5.1')).to.deep.equal([
      `MSH|^~\\&|ENGINE|HUB|HIS^1.2^ISO|GHH|${time}||ACK^A01^ACK|ACK1|T|2.5.1`,
      'MSA|AA|MSG1',
    ]);
  });

  it('names the structure from 2.3.1 on', () => {
    expect(answer('2.3')[0]).to.include('|ACK^A01|');
    expect(answer('2.3.1')[0]).to.include('|ACK^A01^ACK|');
  });

  it('says what is wrong in the form of the version', () => {
    const old = 'ERR|PID^2^3^102&Data type error&HL70357';
    const words = 'expected Y\\F\\N, found something else';
    for (const version of ['2.2', '2.3', '2.3.1', '2.4']) {
      expect(answer(version, {}).slice(1), version).to.deep.equal([`MSA|AE|MSG1|${words}`, old]);
    }
    const recent = `ERR||PID^2^3^4^5^6|102^Data type error^HL70357|E|mapping-bad-value^^L|||${words}`;
    for (const version of ['2.5', '2.5.1', '2.6']) {
      expect(answer(version, {}).slice(1), version).to.deep.equal([`MSA|AE|MSG1|${words}`, recent]);
    }
    // MSA-3 was withdrawn.
    expect(answer('2.7', {}).slice(1)).to.deep.equal(['MSA|AE|MSG1', recent]);
    expect(answer('2.8.2', {}).slice(1)).to.deep.equal(['MSA|AE|MSG1', recent]);
  });

  it('names as much of the place as is known', () => {
    expect(answer('2.5', { at: 'MSH' })[2]).to.include('ERR||MSH^1|102^');
    expect(answer('2.5', { at: 'PID-3' })[2]).to.include('ERR||PID^1^3^1|102^');
    expect(answer('2.5', { at: undefined })[2]).to.include('ERR|||102^');
    expect(answer('2.3', { at: undefined })[2]).to.equal('ERR|^^^102&Data type error&HL70357');
    expect(answer('2.5', { at: 'channels/adt.yaml:3:4' })[2]).to.include('ERR|||102^');
  });

  it('carries the character set', () => {
    const fields = answer('2.5.1', undefined, '||||||8859/1~UNICODE UTF-8')[0]!.split('|');
    expect(fields[17]).to.equal('8859/1~UNICODE UTF-8');
  });

  it('answers bytes that are not HL7', () => {
    const about = { ...problem, code: 'hl7-no-msh', condition: '100', says: 'no MSH', at: 'MSH' };
    const ack = buildAck({ header: undefined, code: 'AR', control_id: 'ACK1', time, problem: about });
    expect(ack.split('\r').slice(0, 3)).to.deep.equal([
      `MSH|^~\\&|||||${time}||ACK|ACK1|P|2.5.1`,
      'MSA|AR||no MSH',
      'ERR||MSH^1|100^Segment sequence error^HL70357|E|hl7-no-msh^^L|||no MSH',
    ]);
  });

  it('is read back, whatever the delimiters, the version and the words', () => {
    const versions = fc.constantFrom('2.1', '2.3', '2.4', '2.5.1', '2.7', '2.8.2', '', 'x');
    const codes = fc.constantFrom('AA', 'AE', 'AR', 'CA', 'CE', 'CR');
    fc.assert(
      fc.property(delimiters, versions, codes, text, (own, version, code, says) => {
        const { field: f, component: c } = own;
        const type = `ADT${c}A01`;
        const msh = `MSH${encoding(own)}${f}A${f}B${f}C${f}D${f}${f}${f}${type}${f}M1${f}P${f}${version}`;
        const header = readHeader(Buffer.from(msh, 'latin1'));
        const given = buildAck({
          header,
          code,
          control_id: 'A1',
          time: '2026',
          problem: { ...problem, says },
        });
        const ack = readAck(given);
        expect(ack).to.include({ code, control_id: 'M1' });
        expect(ack.errors).to.have.length(1);
        expect(ack.errors[0]).to.include({ location: 'PID-3', condition: '102' });
        const recent = ['2.5.1', '2.7', '2.8.2', ''].includes(version);
        if (recent && says !== '') expect(ack.errors[0]!.says).to.equal(says);
        if (!version.startsWith('2.7') && !version.startsWith('2.8')) expect(ack.text).to.equal(says);
        expect(readMessage(given).segments.map(({ name }) => name)).to.deep.equal(['MSH', 'MSA', 'ERR']);
      }),
    );
  });

  it('is read as others write it', () => {
    const ack = readAck(
      'MSH|^~\\&|LAB|||||ACK|9|P|2.3\nMSA|AE|MSG1|bad \\T\\ ugly\nERR|PID^1^3^101&Required field missing&HL70357\nERR|OBX^2\n',
    );
    expect(ack).to.deep.equal({
      code: 'AE',
      control_id: 'MSG1',
      text: 'bad & ugly',
      errors: [
        { location: 'PID-3', condition: '101', says: 'Required field missing' },
        { location: 'OBX', condition: '', says: '' },
      ],
    });
    expect(readAck('MSH|^~\\&\rMSA|AA|1').errors).to.deep.equal([]);
  });

  it('is no acknowledgement without MSA', () => {
    for (const given of ['MSH|^~\\&|LAB', 'MSH|^~\\&\rMSA||MSG1', 'MSH|^~\\&\rMSA']) {
      expect(() => readAck(given), given)
        .to.throw(PipehatError)
        .with.property('code', 'hl7-bad-ack');
    }
    expect(() => readAck('OK'))
      .to.throw(PipehatError)
      .with.property('code', 'hl7-no-msh');
  });

  it('gives an acknowledgement or its documented errors for any text', () => {
    fc.assert(
      fc.property(fc.array(text), (lines) => {
        try {
          readAck(`MSH|^~\\&|\rMSA|${lines.join('\rERR|')}`);
        } catch (error) {
          expect(error).to.have.property('code', 'hl7-bad-ack');
        }
      }),
    );
  });
});
