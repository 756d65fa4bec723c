import type { Encounter, Observation, Patient } from '@medplum/fhirtypes';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  matchUrl,
  readMatches,
  readTransactionResponse,
  transactionBundle,
  writesOf,
} from '../../src/fhir/bundle.ts';
import { admission, entry, eventOf, result } from './events.ts';

describe('fhir/bundle', () => {
  it('writes each entry as a conditional update without an id, references as urn:uuid', () => {
    const { entries } = admission('4711');
    const bundle = transactionBundle(writesOf(admission('4711')));
    expect(bundle.type).to.equal('transaction');
    expect(bundle.entry?.map(({ request }) => request)).to.deep.equal([
      { method: 'PUT', url: 'Patient?identifier=urn%3Aoid%3A1.2.3%7C4711' },
      { method: 'PUT', url: 'Location?identifier=urn%3Aoid%3A1.2.3%7CW1' },
      { method: 'PUT', url: 'Encounter?identifier=urn%3Aoid%3A1.2.3%7CV4711' },
    ]);
    expect(bundle.entry?.map(({ fullUrl }) => fullUrl)).to.deep.equal(
      entries.map(({ resource }) => `urn:uuid:${resource.id}`),
    );
    expect(bundle.entry?.some(({ resource }) => resource !== undefined && 'id' in resource)).to.equal(false);
    const encounter = bundle.entry?.[2]?.resource as Encounter;
    expect(encounter.subject?.reference).to.equal(`urn:uuid:${entries[0]?.resource.id}`);
    expect(encounter.location?.[0]?.location).to.deep.equal({
      reference: `urn:uuid:${entries[1]?.resource.id}`,
      display: 'Ward 1',
    });
  });

  it('writes what is only mentioned as a conditional create, in its place, referred to as any other', () => {
    const { entries } = result('4711');
    const bundle = transactionBundle(writesOf(result('4711')));
    expect(bundle.entry?.map(({ request }) => request)).to.deep.equal([
      { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=urn%3Aoid%3A1.2.3%7C4711' },
      { method: 'POST', url: 'Encounter', ifNoneExist: 'identifier=urn%3Aoid%3A1.2.3%7CV4711' },
      { method: 'PUT', url: 'Observation?identifier=urn%3Aoid%3A1.2.3%7CR4711' },
    ]);
    const observation = bundle.entry?.[2]?.resource as Observation;
    expect(observation.encounter?.reference).to.equal(`urn:uuid:${entries[1]?.resource.id}`);
    const [only, ...more] = writesOf(result('4711'), ['Observation']);
    expect(more).to.deep.equal([]);
    const alone = only?.resource as Observation | undefined;
    expect(alone?.subject?.reference).to.equal('Patient?identifier=urn%3Aoid%3A1.2.3%7C4711');
  });

  it('refers to a patient that is not written by condition, to others by identifier', () => {
    const [write, ...more] = writesOf(admission('4711'), ['Encounter']);
    expect(more).to.deep.equal([]);
    const encounter = write?.resource as Encounter;
    expect(encounter.subject).to.deep.equal({ reference: 'Patient?identifier=urn%3Aoid%3A1.2.3%7C4711' });
    expect(encounter.location?.[0]?.location).to.deep.equal({
      type: 'Location',
      identifier: { system: 'urn:oid:1.2.3', value: 'W1' },
      display: 'Ward 1',
    });
  });

  it('adds the identifier that the resource is found by, where it lacks it', () => {
    const patient = entry({ resourceType: 'Patient' }, '4711');
    const other = {
      ...patient,
      resource: { ...patient.resource, identifier: [{ value: 'x' }] } as Patient & { id: string },
    };
    const [write] = writesOf(eventOf([other]));
    const patientWritten = write?.resource as Patient | undefined;
    expect(patientWritten?.identifier).to.deep.equal([
      { value: 'x' },
      { system: 'urn:oid:1.2.3', value: '4711' },
    ]);
  });

  it('gives the same text for the same event, and leaves the event as it was', () => {
    const event = admission('4711');
    const before = JSON.stringify(event);
    const text = JSON.stringify(transactionBundle(writesOf(event)));
    expect(JSON.stringify(transactionBundle(writesOf(admission('4711'))))).to.equal(text);
    expect(JSON.stringify(event)).to.equal(before);
  });

  it('puts any identifier into a URL from which it can be read again', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.string({ unit: 'grapheme' }),
        (system, value) => {
          const token =
            new URL(matchUrl('Patient', { system, value }), 'http://x/').searchParams.get('identifier') ?? '';
          const parts = [...token.matchAll(/((?:\\.|[^\\|])*)(?:\||$)/gsu)].map(([, part = '']) =>
            part.replace(/\\(.)/gsu, '$1'),
          );
          expect(parts.slice(0, 2)).to.deep.equal([system, value]);
        },
      ),
    );
  });

  it('reads the status and issues of each entry of a transaction-response', () => {
    const text = JSON.stringify({
      resourceType: 'Bundle',
      type: 'transaction-response',
      entry: [
        { response: { status: '201 Created' } },
        {
          response: {
            status: '422',
            outcome: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'value' }] },
          },
        },
        null,
      ],
    });
    expect(readTransactionResponse(text)).to.deep.equal([
      { status: 201, issues: [] },
      { status: 422, issues: [{ severity: 'error', code: 'value', details: [], expressions: [] }] },
      { status: Number.NaN, issues: [] },
    ]);
  });

  it('reads the matches of a search, without what was included', () => {
    const text = JSON.stringify({
      resourceType: 'Bundle',
      type: 'searchset',
      entry: [
        { resource: { resourceType: 'Patient', id: '1' } },
        { resource: { resourceType: 'Patient', id: '2' }, search: { mode: 'match' } },
        { resource: { resourceType: 'OperationOutcome', id: '3' }, search: { mode: 'outcome' } },
      ],
    });
    expect(readMatches(text)).to.deep.equal(['Patient/1', 'Patient/2']);
    expect(readMatches('{"resourceType":"Bundle","type":"searchset"}')).to.deep.equal([]);
  });

  it('reads nothing from what is no such Bundle', () => {
    for (const text of [
      '',
      '<html>',
      'null',
      '3',
      '{"resourceType":"Bundle","type":"searchset","entry":3}',
    ]) {
      expect(readTransactionResponse(text)).to.equal(undefined);
      expect(readMatches(text)).to.equal(undefined);
    }
  });
});
