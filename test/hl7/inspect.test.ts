import { expect } from 'chai';
import fc from 'fast-check';
import { type InspectedPlace, inspect } from '../../src/hl7/inspect.ts';
import { readMessage } from '../../src/hl7/message.ts';
import { parsePath } from '../../src/hl7/path.ts';
import { text } from './arbitraries.ts';

const message = readMessage(
  [
    'MSH|^~\\&|LAB|||||  |ORU^R01^ORU_R01|1|P|2.5.1',
    'PID|1||7^^^A&1.2&ISO~8||D\\T\\E^J|S&van',
    'OBR|1',
    'OBX|1|NM|||5.1',
    'OBX|2|CE|||x^y',
    'ZPI|a^b',
  ].join('\r'),
);

/** All places of an inspection, those inside others too. */
function flat(places: readonly InspectedPlace[]): InspectedPlace[] {
  return places.flatMap((place) => [place, ...flat(place.parts)]);
}

const inspected = inspect(message, '2.5.1');
const places = new Map(
  flat(inspected.segments.flatMap(({ fields }) => fields)).map((place) => [place.path, place]),
);

describe('hl7 inspect', () => {
  it('names segments and what does not fit', () => {
    expect(inspected.structure).to.equal('ORU_R01');
    expect(inspected.segments.map(({ name, description }) => `${name} ${description}`)).to.deep.equal([
      'MSH Message Header',
      'PID Patient Identification',
      'OBR Observation Request',
      'OBX Observation/Result',
      'OBX Observation/Result',
      'ZPI ',
    ]);
    expect(inspected.misfits.map(({ position }) => position)).to.deep.equal([6]);
  });

  it('lists fields that have a value, repetitions and pieces with their names', () => {
    expect(inspected.segments[1]!.fields.map(({ path }) => path)).to.deep.equal([
      'PID-1',
      'PID-3[1]',
      'PID-3[2]',
      'PID-5',
      'PID-6',
    ]);
    expect(places.get('PID-3[1]')).to.include({ name: 'Patient Identifier List', type: 'CX' });
    expect(places.get('PID-3[1].4')).to.include({
      name: 'Assigning Authority',
      type: 'HD',
      raw: 'A&1.2&ISO',
    });
    expect(places.get('PID-3[1].4.2')).to.include({ name: 'Universal ID', value: '1.2' });
    expect(places.get('PID-3[2]')).to.deep.include({ value: '8', parts: [] });
    expect(places.get('PID-5.1')).to.include({ raw: 'D\\T\\E', value: 'D&E' });
    expect(places.get('PID-6.1.2')).to.include({ name: 'Own Surname Prefix', value: 'van' });
    expect(places.has('PID-3[1].2')).to.equal(false);
  });

  it('leaves the delimiters whole', () => {
    expect(places.get('MSH-1')).to.deep.include({ value: '|', parts: [] });
    expect(places.get('MSH-2')).to.deep.include({ value: '^~\\&', parts: [] });
  });

  it('gives OBX-5 the type that OBX-2 names', () => {
    expect(places.get('OBX-5')).to.include({ type: 'NM', value: '5.1' });
    expect(places.get('OBX[2]-5')).to.include({ type: 'CE' });
    expect(places.get('OBX[2]-5.2')).to.include({ name: 'Text', value: 'y' });
  });

  it('has no fields for a line that is no segment', () => {
    const { segments } = inspect(readMessage('MSH|^~\\&|X\rbroken|line'), '2.5.1');
    expect(segments[1]).to.deep.equal({ name: '', description: '', position: 2, fields: [] });
  });

  it('reads local segments, without names', () => {
    expect(places.get('ZPI-1.2')).to.include({ name: '', type: '', value: 'b' });
  });

  it('has at every path what the message has there', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), (lines) => {
        const given = readMessage(['MSH|^~\\&|X', ...lines.map((line) => `OBX|${line}`)].join('\r'));
        const found = flat(inspect(given, '2.5.1').segments.flatMap(({ fields }) => fields));
        for (const { path, raw, value, parts } of found) {
          // A place of nothing but separators has no value.
          if (parts.length > 0 || /^[&^]+$/.test(raw)) continue;
          expect(given.value(parsePath(path)), path).to.equal(value);
        }
      }),
    );
  });
});
