import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import { escape, unescape } from '../../src/hl7/escape.ts';
import { type Message, readDelimiters, readMessage } from '../../src/hl7/message.ts';
import { parsePath } from '../../src/hl7/path.ts';
import { readGroups } from '../../src/hl7/structure.ts';
import { delimiters, encoding, text } from './arbitraries.ts';

const MSH = 'MSH|^~\\&|HIS|GHH|ENGINE|HUB|20260301||ORU^R01^ORU_R01|1|P|2.5.1';
const sample = readMessage(
  [
    MSH,
    'PID|1||123^^^GHH&1.2.3&ISO~456^^^STATE||DOE\\T\\SON^JANE||""',
    'OBX|1|NM|a||1.5',
    'OBX|2|TX|b||line\\.br\\two~second',
    'OBX|3|ST|c||',
    'ZPI|x^y',
  ].join('\r'),
);

const value = (path: string, message: Message = sample) => message.value(parsePath(path));
const values = (path: string, message: Message = sample) => message.values(parsePath(path));

describe('hl7 message', () => {
  it('finds values by path', () => {
    expect(value('PID-3')).to.equal('123');
    expect(value('PID-3.4')).to.equal('GHH');
    expect(value('PID-3.4.2')).to.equal('1.2.3');
    expect(value('PID-3[2].4.1')).to.equal('STATE');
    expect(value('PID-5')).to.equal('DOE&SON');
    expect(value('OBX[2]-5')).to.equal('line\ntwo');
    expect(value('ZPI-1.2')).to.equal('y');
    expect(value('MSH-9')).to.equal('ORU');
    expect(value('MSH-9.2')).to.equal('R01');
  });

  it('tells empty from the order to delete', () => {
    expect(value('PID-6')).to.equal('');
    expect(value('PID-7')).to.equal('""');
    const isNull = (path: string) => sample.isNull(parsePath(path));
    expect([
      isNull('PID-7'),
      isNull('PID-6'),
      isNull('PID-3'),
      isNull('PID-99'),
      isNull('PV1-2'),
    ]).to.deep.equal([...[true, false, false, false, false]]);
    const parts = readMessage(`${MSH}\rPID|1||1^""~""^x`);
    expect(
      ['PID-3', 'PID-3.2', 'PID-3[2]', 'PID-3[2].2'].map((path) => parts.isNull(parsePath(path))),
    ).to.deep.equal([...[false, true, true, false]]);
  });

  it('has the delimiters as MSH-1 and MSH-2, whole', () => {
    expect(value('MSH-1')).to.equal('|');
    expect(value('MSH-2')).to.equal('^~\\&');
    expect(values('MSH-2')).to.deep.equal(['^~\\&']);
    expect(sample.first('MSH')!.field(3)).to.equal('HIS');
    const batch = readMessage(`${MSH}\rBHS|^~\\&|LAB\rFHS|^~\\&|FILE`);
    expect(value('BHS-1', batch) + value('BHS-3', batch) + value('FHS-3', batch)).to.equal('|LABFILE');
  });

  it('gives the empty text for what is not there', () => {
    for (const path of ['PV1-2', 'PID-3[3]', 'PID-3.9', 'PID-3.1.2', 'PID-99', 'OBX[9]-5']) {
      expect(value(path), path).to.equal('');
      expect(values(path), path).to.deep.equal([]);
    }
  });

  it('gives every value on request', () => {
    expect(values('PID-3')).to.deep.equal(['123', '456']);
    expect(values('PID-3.4')).to.deep.equal(['GHH', 'STATE']);
    expect(values('PID-3[2].4')).to.deep.equal(['STATE']);
    expect(values('OBX[*]-5')).to.deep.equal(['1.5', 'line\ntwo', 'second']);
    expect(values('OBX[2]-5[*]')).to.deep.equal(['line\ntwo', 'second']);
  });

  it('takes CR, LF and CRLF, blank lines, and segment names in lower case', () => {
    const message = readMessage(`${MSH.replace('MSH', 'msh')}\r\npid|1||7||\n\nOBX|1\r\r`);
    expect(message.segments.map(({ name }) => name)).to.deep.equal(['MSH', 'PID', 'OBX']);
    expect(message.segments.map(({ position }) => position)).to.deep.equal([1, 2, 3]);
    expect(message.first('PID')!.text).to.equal('pid|1||7||');
    expect(value('PID-3', message)).to.equal('7');
    expect(value('MSH-3', message)).to.equal('HIS');
  });

  it('takes the delimiters that the message names', () => {
    const message = readMessage('MSH$%*!/?$LAB$$$$$$ORU%R01\rPID$1$$a%b/c*d');
    expect(message.delimiters).to.deep.equal({
      ...{ field: '$', component: '%', repetition: '*', escape: '!', subcomponent: '/', truncation: '?' },
    });
    expect(value('PID-3.2.2', message)).to.equal('c');
    expect(value('PID-3[2]', message)).to.equal('d');
  });

  it('takes half of a character beyond the basic plane as a delimiter, as it cuts', () => {
    const own = readDelimiters('MSH|^😀&|');
    expect(Object.values(own)).to.deep.equal(['|', '^', '\ud83d', '\ude00', '&', undefined]);
    for (const one of ['😀', 'a😀^|', '\ud83d']) expect(unescape(escape(one, own), own)).to.equal(one);
  });

  it('does not cut at a delimiter that MSH-2 is too short to name', () => {
    const message = readMessage('MSH|^|LAB\rPID|1||a~b&c^d');
    expect(values('PID-3', message)).to.deep.equal(['a~b&c']);
    expect(value('PID-3[2]', message)).to.equal('');
    expect(value('PID-3.2', message)).to.equal('d');
    expect(value('PID-3.1.2', message)).to.equal('');
    expect(value('PID-3', readMessage('MSH||LAB\rPID|1||a^b'))).to.equal('a^b');
  });

  it('refuses what does not start with MSH, and quotes nothing of it', () => {
    for (const given of [
      '',
      'MSH',
      'GET / HTTP/1.1',
      '\ufeffMSH|^~\\&',
      ' MSH|',
      'MSHX',
      'MSH \r',
      'PID|SECRET',
    ]) {
      const read = () => readMessage(given);
      expect(read, given).to.throw(PipehatError).with.property('code', 'hl7-no-msh');
      expect(read, given).not.to.throw(/SECRET|GET/);
    }
  });

  it('reads lines of any number of fields, and any number of lines', () => {
    for (const n of [2044, 2048, 33_000, 200_000]) {
      const obx = readMessage(`${MSH}\rOBX${'|x'.repeat(n)}`).first('OBX')!;
      const found = [obx.fields, obx.field(n), obx.field(n + 1), obx.field(-1)];
      expect(found).to.deep.equal([n, 'x', '', '']);
    }
    const many = readMessage(`${MSH}\r${'OBX|1||||a~b\n'.repeat(200_000)}`);
    expect(many.segments).to.have.length(200_001);
    expect(values('OBX[*]-5', many)).to.have.length(400_000);
    expect(value('OBX[200000]-5', many)).to.equal('a');
    expect(readGroups(many, 'ZZZ_Z01', '2.5.1').segments).to.have.length(200_001);
  });

  it('counts the fields of a segment, those of MSH with its separator', () => {
    const message = readMessage('MSH|^~\\&|A\rPID\rOBX|\rmsh\rNTE|1||');
    expect(message.segments.map(({ fields }) => fields)).to.deep.equal([3, 0, 1, 1, 3]);
    expect(message.segments[3]!.field(1)).to.equal('|');
    expect(message.segments[0]!.field(0)).to.equal('MSH');
  });

  it('takes the bytes of an escape sequence in the character set of MSH-18', () => {
    const named = (charset: string) => readMessage(`${MSH}|||||${charset}\rPID|1||\\XC3A9\\`);
    expect(value('PID-3', named('|UNICODE UTF-8~ISO IR87'))).to.equal('é');
    expect(value('PID-3', named('|8859/5'))).to.equal('УЉ');
    expect(value('PID-3', named(''))).to.equal('Ã©');
  });

  it('gives back any text byte for byte, or its documented error', () => {
    const documents = fc.oneof(
      text,
      fc.tuple(fc.string({ unit: 'binary', maxLength: 8 }), text).map(([head, rest]) => `MSH${head}${rest}`),
      fc.array(text, { maxLength: 8 }).map((lines) => [MSH, ...lines].join('\r')),
    );
    const paths = ['MSH-1', 'MSH-2', 'MSH-9.2', 'PID-3[2].4.1', 'PID[*]-3[*].2'].map(parsePath);
    fc.assert(
      fc.property(documents, (given) => {
        try {
          const message = readMessage(given);
          expect(message.text).to.equal(given);
          const kept = message.segments.map((segment) => segment.text).join('');
          expect(kept).to.equal(given.replaceAll(/[\r\n]/g, ''));
          for (const path of paths) message.values(path).push(message.value(path));
        } catch (error) {
          expect(error).to.have.property('code', 'hl7-no-msh');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('has in its fields all that a segment has, under any delimiters and line ends', () => {
    const ends = fc.constantFrom('\r', '\n', '\r\n', '\n\r\r');
    const names = fc.constantFrom('PID', 'obx', 'ZZ9');
    const lines = fc.array(fc.tuple(names, fc.array(text, { maxLength: 6 }), ends), { maxLength: 5 });
    fc.assert(
      fc.property(delimiters, lines, ends, (own, given, end) => {
        // What is written into a field is a whole field; the rest of it is arbitrary.
        const fields = (all: readonly string[]) => all.map((one) => escape(one, own));
        const written = given.map(([name, all]) => [name, ...fields(all)].join(own.field));
        const head = `MSH${encoding(own)}${own.field}A${own.field}${end}`;
        const whole = head + written.map((line, i) => line + given[i]![2]).join('');
        const message = readMessage(whole);
        expect(message.text).to.equal(whole);
        expect(message.delimiters).to.deep.equal(own);
        const [, ...rest] = message.segments;
        expect(rest.map((segment) => segment.text)).to.deep.equal(written);
        for (const [i, segment] of rest.entries()) {
          const [name, all] = given[i]!;
          expect([segment.name, segment.fields]).to.deep.equal([name.toUpperCase(), all.length]);
          for (const [n, one] of all.entries()) expect(message.unescape(segment.field(n + 1))).to.equal(one);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('has as first of many what it has as the one value', () => {
    fc.assert(
      fc.property(text, (given) => {
        const message = readMessage(`${MSH}\rPID|1||${given}`);
        for (const path of ['PID-3', 'PID-3.2', 'PID-3[1].1.2']) {
          const one = value(path, message);
          if (one !== '') expect(values(path, message)[0]).to.equal(one);
        }
      }),
    );
  });

  it('has text in a field exactly where the field is not empty', () => {
    const long = 'x'.repeat(5_000);
    fc.assert(
      fc.property(fc.oneof(text, fc.constant(long)), fc.array(text, { maxLength: 4 }), (first, rest) => {
        const message = readMessage([MSH, ['PID', first, ...rest].join('|')].join('\r'));
        for (const segment of message.segments) {
          for (let n = 1; n <= segment.fields + 2; n++) {
            expect(segment.has(n), `${segment.name}-${n}`).to.equal(segment.field(n) !== '');
          }
        }
      }),
    );
  });

  it('finds the same segment whatever was looked for before', () => {
    const names = fc.constantFrom('PID', 'OBX', 'NTE');
    const asked = fc.array(fc.tuple(names, fc.integer({ min: 1, max: 6 })), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(names, { maxLength: 10 }), asked, (order, questions) => {
        const message = readMessage([MSH, ...order.map((name, i) => `${name}|${i}`)].join('\r'));
        for (const [name, index] of questions) {
          const expected = order.flatMap((one, i) => (one === name ? [String(i)] : []))[index - 1] ?? '';
          expect(value(`${name}[${index}]-1`, message)).to.equal(expected);
        }
      }),
    );
  });
});
