import { expect } from 'chai';
import fc from 'fast-check';
import { Message as PeerMessage } from 'node-hl7-client';
import { PipehatError } from '../../src/errors.ts';
import { type AckParts, buildAck, readAck } from '../../src/hl7/ack.ts';
import type { AckProblem } from '../../src/hl7/ack-error.ts';
import { fieldDefinition, knownVersions, segmentDefinition } from '../../src/hl7/dictionary.ts';
import { readHeader } from '../../src/hl7/header.ts';
import { readMessage } from '../../src/hl7/message.ts';
import { delimiters, encoding, text } from './arbitraries.ts';

const time = '20260301101500+0000';

const problem: AckProblem = {
  severity: 'E',
  code: 'mapping-bad-value',
  says: 'expected Y|N, found something else',
  condition: '102',
  at: 'PID[2]-3[4].5.6',
};

/** The answer to a message of that version, as its segments. */
function segmentsOf(version: string, parts: Omit<AckParts, 'header' | 'control_id' | 'time'>, more = '') {
  const header = readHeader(
    Buffer.from(`MSH|^~\\&|HIS^1.2^ISO|GHH|ENGINE|HUB|2026||ADT^A01^ADT_A01|MSG1|T|${version}${more}\rPID|1`),
  );
  const ack = buildAck({ header, control_id: 'ACK1', time, ...parts });
  expect(ack.endsWith('\r')).to.equal(true);
  return ack.split('\r').slice(0, -1);
}

/** AA, or AE with one problem. */
function answer(version: string, about?: Partial<AckProblem>, more = ''): string[] {
  const problems = about === undefined ? [] : [{ ...problem, ...about }];
  return segmentsOf(version, { code: about ? 'AE' : 'AA', problems }, more);
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
    const words = 'expected Y\\F\\N, found something else';
    const old = 'ERR|PID^2^3^102&Data type error&HL70357';
    const recent = `ERR||PID^2^3^4^5^6|102^Data type error^HL70357|E|mapping-bad-value^^L|||${words}`;
    const msa = `MSA|AE|MSG1|${words}`;
    const condition = '|||102^Data type error^HL70357';
    const forms: Readonly<Record<string, readonly [type: string, msa: string, err: string]>> = {
      '2.1': ['ACK^A01', msa, old],
      '2.2': ['ACK^A01', msa, old],
      '2.3': ['ACK^A01', msa + condition, old],
      '2.3.1': ['ACK^A01^ACK', msa + condition, old],
      '2.4': ['ACK^A01^ACK', msa + condition, old],
      '2.5': ['ACK^A01^ACK', msa, recent],
      '2.5.1': ['ACK^A01^ACK', msa, recent],
      '2.6': ['ACK^A01^ACK', msa, recent],
      // MSA-3 was withdrawn.
      '2.7': ['ACK^A01^ACK', 'MSA|AE|MSG1', recent],
      '2.7.1': ['ACK^A01^ACK', 'MSA|AE|MSG1', recent],
      '2.8': ['ACK^A01^ACK', 'MSA|AE|MSG1', recent],
      '2.8.2': ['ACK^A01^ACK', 'MSA|AE|MSG1', recent],
    };
    for (const [version, [type, ...rest]] of Object.entries(forms)) {
      const msh = `MSH|^~\\&|ENGINE|HUB|HIS^1.2^ISO|GHH|${time}||${type}|ACK1|T|${version}`;
      expect(answer(version, {}), version).to.deep.equal([msh, ...rest]);
    }
  });

  it('uses no field and no component that the version does not have', () => {
    for (const version of knownVersions) {
      for (const segment of answer(version, {}).slice(1)) {
        const [name = '', ...fields] = segment.split('|');
        expect(fields.length, `${name} in ${version}`).to.be.at.most(
          segmentDefinition(version, name)?.fields ?? 0,
        );
        const missing = fields.flatMap((field, i) =>
          field === '' || fieldDefinition(version, name, i + 1) !== undefined ? [] : [`${name}-${i + 1}`],
        );
        expect(missing, version).to.deep.equal([]);
      }
    }
  });

  it('says several things: one repetition each up to 2.4, one segment each since', () => {
    const second = { ...problem, condition: '103', at: 'PV1-2', code: 'second' };
    const warning = { ...problem, severity: 'W', says: 'odd', at: undefined } as const;
    const told = (version: string, problems: readonly AckProblem[]): string[] =>
      segmentsOf(version, { code: 'AE', problems }).slice(1);
    const both = [problem, second];
    const repeated = 'PID^2^3^102&Data type error&HL70357~PV1^1^2^103&Table value not found&HL70357';
    expect(told('2.4', [...both, warning])[1]).to.equal(`ERR|${repeated}`);
    const errs = told('2.5', [...both, warning]).slice(1);
    expect(errs.map((err) => err.split('|').slice(2, 5).join('|'))).to.deep.equal([
      'PID^2^3^4^5^6|102^Data type error^HL70357|E',
      'PV1^1^2^1|103^Table value not found^HL70357|E',
      '|102^Data type error^HL70357|W',
    ]);
    // A warning alone has no form before 2.5 but the words of MSA-3.
    expect(told('2.3', [warning])).to.deep.equal(['MSA|AE|MSG1|odd']);
  });

  it('keeps to the lengths of MSA-3 and ERR-8', () => {
    const [, msa = '', err = ''] = answer('2.5', { says: '𝄞'.repeat(300) });
    expect(Array.from(msa.split('|')[3]!)).to.have.length(80);
    expect(Array.from(err.split('|')[8]!)).to.have.length(250);
  });

  it('says what acknowledgement of itself it asks for', () => {
    const asks = { accept: 'AL', application: 'NE' } as const;
    expect(segmentsOf('2.5', { code: 'AA', asks })[0]!.split('|').slice(11)).to.deep.equal([
      ...['2.5', '', '', 'AL', 'NE'],
    ]);
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
    const ack = buildAck({ header: undefined, code: 'AR', control_id: 'ACK1', time, problems: [about] });
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
          problems: [{ ...problem, says }],
        });
        const ack = readAck(given);
        expect(ack).to.include({ code, control_id: 'M1' });
        expect(ack.errors).to.have.length(1);
        expect(ack.errors[0]).to.include({ location: 'PID-3', condition: '102' });
        const recent = ['2.5.1', '2.7', '2.8.2', ''].includes(version);
        if (recent && says !== '') expect(ack.errors[0]!.says).to.equal(says);
        const cut = Array.from(says).slice(0, 80).join('');
        if (!version.startsWith('2.7') && !version.startsWith('2.8')) expect(ack.text).to.equal(cut);
        expect(readMessage(given).segments.map(({ name }) => name)).to.deep.equal(['MSH', 'MSA', 'ERR']);
      }),
    );
  });

  it('is read back by an independent reader, whatever the delimiters', () => {
    const versions = fc.constantFrom('2.3.1', '2.4', '2.5.1', '2.7');
    const codes = fc.constantFrom('AA', 'AE', 'AR', 'CA', 'CE', 'CR');
    // The peer cuts at delimiters as regular expressions have them, and knows no truncation character.
    const own = fc
      .uniqueArray(fc.constantFrom(...'|^~\\&#!%:@='), { minLength: 5, maxLength: 5 })
      .map(([field, component, repetition, escape, subcomponent]) => ({
        ...{ field: field!, component: component!, repetition: repetition!, escape: escape! },
        ...{ subcomponent: subcomponent!, truncation: undefined },
      }));
    fc.assert(
      fc.property(own, versions, codes, (own, version, code) => {
        const { field: f, component: c } = own;
        const msh = `MSH${encoding(own)}${f}A${f}B${f}C${f}D${f}2026${f}${f}ADT${c}A01${f}M1${f}P${f}${version}`;
        const given = buildAck({
          header: readHeader(Buffer.from(msh, 'latin1')),
          ...{ code, control_id: 'A1', time: '20260101120000' },
          problems: code === 'AA' || code === 'CA' ? [] : [problem],
        });
        const peer = new PeerMessage({ text: given });
        const read = (path: string): string => peer.get(path).toString();
        expect([read('MSA.1'), read('MSA.2'), read('MSH.10')]).to.deep.equal([code, 'M1', 'A1']);
        expect([read('MSH.9.1'), read('MSH.9.2'), read('MSH.9.3')]).to.deep.equal(['ACK', 'A01', 'ACK']);
        expect([read('MSH.3'), read('MSH.5'), read('MSH.12')]).to.deep.equal(['C', 'A', version]);
        if (code === 'AA' || code === 'CA') return;
        const place = ['2.3.1', '2.4'].includes(version) ? 'ERR.1' : 'ERR.2';
        expect([read(`${place}.1`), read(`${place}.2`), read(`${place}.3`)]).to.deep.equal(['PID', '2', '3']);
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
