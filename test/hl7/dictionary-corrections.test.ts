import { createRequire } from 'node:module';
import { expect } from 'chai';
import type { HL7Dictionary } from 'hl7v2-dictionary';
import { fieldDefinition, typeDefinition } from '../../src/hl7/dictionary.ts';
import { correctionOf, corrections } from '../../src/hl7/dictionary-corrections.ts';
import { isBefore } from '../../src/hl7/version.ts';

const { dictionaries } = createRequire(import.meta.url)('hl7v2-dictionary') as {
  dictionaries: Record<string, HL7Dictionary>;
};

describe('hl7 dictionary corrections', () => {
  for (const { places, from, before, is, because } of corrections) {
    it(`change what the package has of ${places.join(', ')}: ${because}`, () => {
      const versions = Object.keys(dictionaries).filter(
        (version) =>
          (from === undefined || !isBefore(version, from)) &&
          (before === undefined || isBefore(version, before)),
      );
      for (const place of places) {
        const wrong = versions.filter((version) => {
          const facts = factsOf(version, place);
          return facts !== undefined && Object.entries(is).some(([key, value]) => facts[key] !== value);
        });
        expect(wrong, 'versions that need it').not.to.deep.equal([]);
        for (const version of wrong) expect(correctionOf(version, place)).to.include(is);
      }
    });
  }

  it('are what the dictionary answers', () => {
    expect(fieldDefinition('2.5.1', 'OBX', 2)).to.include({ most: 1, length: 3 });
    expect(fieldDefinition('2.3.1', 'OBX', 4)?.usage).to.equal('conditional');
    expect(typeDefinition('2.3', 'TS')?.components[0]?.type).to.equal('DTM');
    expect(correctionOf('2.7', 'OBX-2')).to.deep.equal({});
    expect(correctionOf('2.5', 'PID-3')).to.equal(undefined);
  });
});

function factsOf(version: string, place: string): Record<string, unknown> | undefined {
  const [, name = '', kind, n = ''] = /^(\w+)([-.])(\d+)$/.exec(place) ?? [];
  const { segments, types } = dictionaries[version]!;
  return (kind === '-' ? segments[name]?.fields : types[name]?.fields)?.[n] as
    | Record<string, unknown>
    | undefined;
}
