import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { dictionaries } from 'hl7v2-dictionary';
import { buildDictionary, formatDictionary } from '../../scripts/dictionary.ts';
import {
  fieldDefinition,
  knownVersions,
  segmentDefinition,
  typeDefinition,
} from '../../src/hl7/dictionary.ts';

describe('hl7 dictionary', () => {
  it('knows the versions that the package knows', () => {
    expect(knownVersions).to.deep.equal(Object.keys(dictionaries));
  });

  it('has the data of the package', () => {
    const written = readFileSync(new URL('../../src/hl7/dictionary.json', import.meta.url), 'utf8');
    expect(written === formatDictionary(buildDictionary())).to.equal(true, 'run: node scripts/dictionary.ts');
  });

  it('defines segments, fields and types', () => {
    expect(segmentDefinition('2.5.1', 'PID')).to.deep.equal({
      name: 'PID',
      description: 'Patient Identification',
      fields: 39,
    });
    expect(fieldDefinition('2.5.1', 'PID', 3)).to.deep.equal({
      name: 'Patient Identifier List',
      type: 'CX',
      usage: 'required',
      most: Number.POSITIVE_INFINITY,
      table: undefined,
      length: 250,
    });
    expect(fieldDefinition('2.5.1', 'PID', 8)).to.include({ type: 'IS', most: 1, table: 1 });
    expect(typeDefinition('2.5.1', 'HD')!.components.map(({ name }) => name)).to.deep.equal([
      'Namespace ID',
      'Universal ID',
      'Universal ID Type',
    ]);
    expect(typeDefinition('2.5.1', 'ST')!.components).to.deep.equal([]);
  });

  it('differs by version', () => {
    expect(fieldDefinition('2.3', 'PV1', 2)).to.include({ type: 'ID' });
    expect(fieldDefinition('2.8', 'PV1', 2)).to.include({ type: 'CWE' });
    expect(fieldDefinition('2.3', 'PID', 35)).to.equal(undefined);
    expect(segmentDefinition('2.3', 'SPM')).to.equal(undefined);
  });

  it('reads other versions as the nearest older one', () => {
    expect(segmentDefinition('2.8.2', 'PID')).to.deep.equal(segmentDefinition('2.8', 'PID'));
    expect(segmentDefinition('2.9', 'PID')).to.deep.equal(segmentDefinition('2.8', 'PID'));
    expect(segmentDefinition('2.5.2', 'PID')).to.deep.equal(segmentDefinition('2.5.1', 'PID'));
    for (const version of ['', 'x', '1.0']) {
      expect(segmentDefinition(version, 'PID'), version).to.deep.equal(segmentDefinition('2.1', 'PID'));
    }
  });

  it('has nothing for what HL7 does not have', () => {
    for (const name of ['', 'ZPI', 'constructor', '__proto__', 'pid']) {
      expect(segmentDefinition('2.5.1', name), name).to.equal(undefined);
      expect(fieldDefinition('2.5.1', name, 1), name).to.equal(undefined);
      expect(typeDefinition('2.5.1', name), name).to.equal(undefined);
    }
    expect(fieldDefinition('2.5.1', 'PID', 0)).to.equal(undefined);
    expect(fieldDefinition('2.5.1', 'PID', 99)).to.equal(undefined);
  });
});
