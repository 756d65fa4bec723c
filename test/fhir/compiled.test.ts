import { readdirSync, readFileSync } from 'node:fs';
import type { Resource } from '@medplum/fhirtypes';
import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import { compileCheck } from '../../src/fhir/compiled.ts';
import { createThoroughValidator, createValidator } from '../../src/fhir/validate.ts';
import { readMessage } from '../../src/hl7/message.ts';
import { SITE, shippedDefinitions, shippedMapping } from '../mapping/shipped.ts';

/** What the shipped mapping makes of all samples and golden messages. */
function mappedResources(): Resource[] {
  const files = [
    ...filesOf('samples/', '.hl7'),
    ...filesOf('test/golden/', '.hl7test').map((text) => text.split('\n----------\n')[0]!),
  ];
  return files.flatMap((text) => {
    try {
      const message = readMessage(text.replaceAll(/\r?\n/g, '\r'));
      const { entries } = shippedMapping().run(message, { tenant: 't', time_zone: 'UTC' });
      return entries.map(({ resource }) => JSON.parse(JSON.stringify(resource)) as Resource);
    } catch (error) {
      if (error instanceof PipehatError) return [];
      throw error;
    }
  });
}

function filesOf(folder: string, ending: string): string[] {
  const names = readdirSync(`${SITE}${folder}`).filter((name) => name.endsWith(ending));
  return names.map((name) => readFileSync(`${SITE}${folder}${name}`, 'latin1'));
}

/** Invariants that no mapped resource may touch, each once kept and once broken. */
const byHand: object[] = [
  { resourceType: 'Patient', contact: [{ gender: 'male' }] },
  { resourceType: 'Patient', contact: [{ name: { text: 'x' } }] },
  { resourceType: 'Patient', _birthDate: { extension: [{ url: 'u', valueCode: 'unknown' }] } },
  { resourceType: 'Patient', deceasedBoolean: true, deceasedDateTime: '2026' },
  { resourceType: 'Patient', birthDate: '2026-02-29' },
  { resourceType: 'Patient', birthDate: '2024-02-29' },
  { resourceType: 'Patient', generalPractitioner: [{ reference: 'Patient/1' }] },
  { resourceType: 'Patient', generalPractitioner: [{ reference: 'urn:uuid:1' }] },
  { resourceType: 'Patient', extension: [{ url: 'u' }] },
  {
    resourceType: 'Patient',
    extension: [{ url: 'u', valueCode: 'x', extension: [{ url: 'u', valueCode: 'x' }] }],
  },
  { resourceType: 'Patient', contained: [{ resourceType: 'Patient' }] },
  { resourceType: 'Patient', text: { status: 'generated', div: '<div>x</div>' } },
  { resourceType: 'Patient', photo: [{ data: 'AAA' }] },
  { resourceType: 'Patient', photo: [{ data: 'AAAA' }] },
  {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    valueString: 'x',
    dataAbsentReason: { text: 'y' },
  },
  {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    component: [{ code: { text: 'y' } }],
    valueString: 'x',
  },
  {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ code: 'a' }] },
    component: [{ code: { coding: [{ code: 'a' }] } }],
    valueInteger: 1,
  },
  {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    referenceRange: [{ age: { low: { value: 1 } } }],
  },
  { resourceType: 'Observation', status: 'final', code: { text: 'x' }, valueInteger: 1.5 },
  { resourceType: 'Appointment', status: 'booked', participant: [{ status: 'accepted' }] },
  {
    resourceType: 'Appointment',
    status: 'booked',
    participant: [{ status: 'accepted', type: [{ text: 'x' }] }],
  },
  {
    resourceType: 'Appointment',
    status: 'cancelled',
    participant: [{ status: 'accepted', type: [{ text: 'x' }] }],
    cancelationReason: { text: 'x' },
  },
  {
    resourceType: 'Appointment',
    status: 'booked',
    start: '2026-01-01T00:00:00Z',
    participant: [{ status: 'accepted', actor: { display: 'x' } }],
  },
  { resourceType: 'AllergyIntolerance', patient: { reference: 'Patient/1' } },
  { resourceType: 'AllergyIntolerance', patient: { reference: 'Patient/1' }, clinicalStatus: { text: 'x' } },
  { resourceType: 'Condition', subject: { reference: 'Patient/1' }, abatementDateTime: '2026' },
  { resourceType: 'Condition', subject: { reference: 'Patient/1' }, stage: [{ type: { text: 'x' } }] },
  { resourceType: 'Organization', active: true },
  { resourceType: 'Organization', name: 'x', telecom: [{ use: 'home', value: '1', system: 'phone' }] },
  {
    resourceType: 'Goal',
    lifecycleStatus: 'active',
    description: { text: 'x' },
    subject: { reference: 'Patient/1' },
    target: [{ detailString: 'x' }],
  },
  {
    resourceType: 'Immunization',
    status: 'completed',
    vaccineCode: { text: 'x' },
    patient: { reference: 'Patient/1' },
    occurrenceString: 'x',
    education: [{ publicationDate: '2026' }],
  },
  {
    resourceType: 'MedicationAdministration',
    status: 'completed',
    medicationCodeableConcept: { text: 'x' },
    subject: { reference: 'Patient/1' },
    effectiveDateTime: '2026',
    dosage: { text: 'x' },
  },
  {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    subject: { reference: 'Patient/1' },
    orderDetail: [{ text: 'x' }],
  },
  {
    resourceType: 'Bundle',
    type: 'message',
    entry: [{ resource: { resourceType: 'Patient', active: true } }],
  },
  {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [{ fullUrl: 'urn:x', resource: { resourceType: 'Patient', active: true } }],
  },
  { resourceType: 'Bundle', type: 'collection', total: 1 },
  { resourceType: 'Patient', constructor: 'x' },
  { resourceType: 'Nonsense' },
  {},
];

/** Everything inside, as the object or list that holds it, and its key there. */
function places(value: unknown): [Record<string, unknown>, string][] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [
    [holder, key] as [typeof holder, string],
    ...places(holder[key]),
  ]);
}

const wrong: unknown[] = [
  null,
  '',
  ' ',
  0,
  -1,
  1.5,
  true,
  'x',
  '#x',
  '2026-02-30',
  'a\u0001',
  [],
  {},
  [null],
  ['x'],
  [{}],
  { code: 'x' },
];

function mutated(resource: Resource, at: number, how: number): Resource {
  const copy = structuredClone(resource);
  const all = places(copy);
  const [holder, key] = all[at % all.length]!;
  const value = holder[key];
  if (how === 0) delete holder[key];
  else if (how === 1) holder[`${key}x`] = value;
  else if (how === 2) holder[key] = [value];
  else if (how === 3) holder[key] = Array.isArray(value) ? value[0] : [value, value];
  else if (how === 4) holder[`_${key}`] = { extension: [{ url: 'u', valueCode: 'x' }] };
  else holder[key] = wrong[how % wrong.length];
  return copy;
}

describe('the compiled check of resources', () => {
  const resources = mappedResources();
  const isSurelyValid = compileCheck(shippedDefinitions());
  const thorough = createThoroughValidator();
  const validate = createValidator(shippedDefinitions());

  it('clears all that the shipped mapping makes, without the thorough validator', () => {
    expect(resources.length).to.be.greaterThan(100);
    const doubted = resources.filter((resource) => !isSurelyValid(resource));
    expect(doubted).to.deep.equal([]);
  });

  for (const resource of byHand) {
    it(`gives the verdict of validateResource for ${JSON.stringify(resource).slice(0, 120)}`, () => {
      expect(validate(resource as Resource)).to.deep.equal(thorough(resource as Resource));
    });
  }

  it('never clears what validateResource finds fault with', () => {
    fc.assert(
      fc.property(fc.nat(resources.length - 1), fc.nat(), fc.nat(40), (which, at, how) => {
        const resource = mutated(resources[which]!, at, how);
        if (isSurelyValid(resource)) expect(thorough(resource)).to.deep.equal([]);
      }),
      { numRuns: 20_000 },
    );
  });
});
