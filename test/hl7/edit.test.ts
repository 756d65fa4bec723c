import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import { setValue } from '../../src/hl7/edit.ts';
import { readMessage } from '../../src/hl7/message.ts';
import { formatPath, parsePath } from '../../src/hl7/path.ts';
import { delimiters, encoding, text } from './arbitraries.ts';

const before = 'MSH|^~\\&|HIS\r\npid|1||7^^^A~8||X&Y^Z|\n\nOBX|1\rOBX|2||c\r';

/** The message after `value` was set at `path`. */
function set(path: string, value: string, message = before): string {
  return setValue(readMessage(message), parsePath(path), value).text;
}

describe('hl7 edit', () => {
  it('changes one place, and no other byte', () => {
    expect(set('PID-3.4', 'GHH')).to.equal(before.replace('^A~', '^GHH~'));
    expect(set('PID-3[2]', '9')).to.equal(before.replace('~8|', '~9|'));
    expect(set('PID-5.1.2', 'W')).to.equal(before.replace('X&Y', 'X&W'));
    expect(set('MSH-3', 'LAB')).to.equal(before.replace('HIS', 'LAB'));
    expect(set('OBX[2]-3', '')).to.equal(before.replace('OBX|2||c', 'OBX|2||'));
  });

  it('makes what lies before the place', () => {
    expect(set('OBX-3[2].2.3', 'v')).to.equal(before.replace('OBX|1\r', 'OBX|1||~^&&v\r'));
    expect(set('MSH-5', 'HUB')).to.equal(before.replace('HIS', 'HIS||HUB'));
  });

  it('sets the whole of what the path names', () => {
    expect(set('PID-3', '9')).to.equal(before.replace('7^^^A~8', '9'));
    expect(set('PID-5.1', '9')).to.equal(before.replace('X&Y', '9'));
    expect(set('PID-3[1]', '9')).to.equal(before.replace('7^^^A', '9'));
  });

  it('sets every one there is', () => {
    expect(set('OBX[*]-1', '0')).to.equal(before.replace('OBX|1', 'OBX|0').replace('OBX|2', 'OBX|0'));
    expect(set('PID-3[*].4', 'G')).to.equal(before.replace('7^^^A~8', '7^^^G~8^^^G'));
    expect(set('PID-4[*].4', 'G')).to.equal(before);
  });

  it('sets null and empties, which are two things', () => {
    expect(set('PID-5', '""')).to.equal(before.replace('X&Y^Z', '""'));
    expect(readMessage(set('PID-5', '""')).isNull(parsePath('PID-5'))).to.equal(true);
    expect(set('PID-5', '')).to.equal(before.replace('X&Y^Z', ''));
    expect(readMessage(set('PID-5', '')).isNull(parsePath('PID-5'))).to.equal(false);
  });

  it('sets what lies in groups, in the place that each has in the message', () => {
    const head = 'MSH|^~\\&|L||||||ORU^R01|1|P|2.3';
    const lines = ['PID|1', 'OBR|1', 'OBX|1', 'OBX|2', 'OBR|2', 'OBX|1', 'ZZZ|1', 'OBX|2'];
    const oru = [head, ...lines].join('\r\n');
    const linesAfter = (path: string) => set(path, 'x', oru).split('\r\n').slice(1);
    expect(linesAfter('ORDER_OBSERVATION[2].OBX[2]-1')).to.deep.equal([...lines.slice(0, 7), 'OBX|x']);
    expect(linesAfter('ORDER_OBSERVATION[2].OBX[*]-1')).to.deep.equal([
      ...lines.slice(0, 5),
      ...['OBX|x', 'ZZZ|1', 'OBX|x'],
    ]);
    expect(linesAfter('ORDER_OBSERVATION[*].OBX-1').filter((line) => line === 'OBX|x')).to.have.length(2);
    expect(linesAfter('ORDER_OBSERVATION[3].OBX-1')).to.deep.equal(lines);
    // PID comes late, so that its group has a segment behind those of the group inside.
    const turned = 'MSH|^~\\&|L||||||ORU^R01|1|P|2.5.1\rPV1|1\rZZZ|1\rPID|1\rZZZ|2\rOBR|1\rZZZ|3';
    expect(set('PATIENT.ZZZ[*]-1', 'x', turned)).to.equal(turned.replaceAll(/ZZZ\|[12]/g, 'ZZZ|x'));
  });

  it('leaves the message as it is where it has no such segment', () => {
    for (const path of ['PV1-2', 'OBX[3]-1', 'ZZZ[*]-1']) expect(set(path, 'x'), path).to.equal(before);
  });

  it('refuses to set the delimiters, and what the message has no delimiter for', () => {
    const short = 'MSH|^|HIS\rPID|1||a~b&c';
    const wrong = [
      ['MSH-1', before],
      ['MSH-2', before],
      ['PID-3[2]', short],
      ['PID-3.1.2', short],
    ] as const;
    for (const [path, message] of wrong) {
      expect(() => set(path, 'x', message), path)
        .to.throw(PipehatError)
        .with.property('code', 'hl7-not-settable');
    }
    expect(set('PID-3[1].2.1', 'x', short)).to.equal(`${short}^x`);
  });

  it('gives back any text that was set, under any delimiters, and changes nothing else', () => {
    const number = fc.integer({ min: 1, max: 4 });
    const paths = fc.record({
      groups: fc.constant([]),
      segment: fc.constantFrom('PID', 'OBX', 'ZPI'),
      index: fc.integer({ min: 1, max: 2 }),
      field: number,
      repetition: fc.option(number, { nil: undefined }),
      component: number,
      subcomponent: fc.option(number, { nil: undefined }),
    });
    fc.assert(
      fc.property(text, delimiters, paths, (value, own, where) => {
        const { field: f, component: c, repetition: r, subcomponent: s } = own;
        const lines = ['PID', 'OBX', 'ZPI'].map((name) => [name, `a${c}b${r}c`, `d${s}e`, ''].join(f));
        const all = [`MSH${encoding(own)}${f}HIS`, ...lines, ...lines];
        const message = readMessage(all.join('\r'));
        const path = parsePath(formatPath(where));
        const after = setValue(message, path, value);
        expect(after.value(path)).to.equal(value);
        const changed = after.segments.filter((segment, i) => segment.text !== all[i]);
        expect(after.segments).to.have.length(all.length);
        expect(changed.length).to.be.at.most(1);
        expect(setValue(after, path, message.value(path)).value(path)).to.equal(message.value(path));
      }),
    );
  });
});
