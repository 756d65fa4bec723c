import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import { createValidator } from '../../src/fhir/validate.ts';
import { readMessage } from '../../src/hl7/message.ts';
import type { Mapped } from '../../src/mapping/mapping.ts';
import { formatProblem } from '../../src/problem.ts';
import { references, SITE, shippedDefinitions, shippedMapping, shippedMappings } from './shipped.ts';

const CONTEXT = { tenant: 'test', time_zone: 'America/Chicago' };
const folder = join(SITE, 'samples');

/** Samples as text; Latin-1 reads every byte, which is all that matters here. */
const samples = readdirSync(folder)
  .filter((name) => name.endsWith('.hl7'))
  .map((name) => ({ name, text: readFileSync(join(folder, name), 'latin1') }));

const covered = samples.filter(({ name }) => /^(adt-a(01|02|03|04|08|11|13|28|31)|oru-r01)/.test(name));

function mapped(text: string): Mapped {
  return shippedMapping().run(readMessage(text), CONTEXT);
}

describe('the shipped mappings', () => {
  const validate = createValidator(shippedDefinitions());

  it('have no problems', () => {
    expect(shippedMappings().problems.map(formatProblem)).to.deep.equal([]);
  });

  it('cover the samples of ADT and ORU', () => {
    expect(covered.length).to.be.greaterThan(30);
  });

  for (const { name, text } of covered) {
    it(`make valid, linked, findable resources of ${name}`, () => {
      const { entries } = mapped(text);
      const before = new Set<string>();
      for (const { resource, identity } of entries) {
        expect(validate(resource)).to.deep.equal([]);
        for (const reference of references(resource)) expect(before).to.include(reference);
        before.add(`${resource.resourceType}/${resource.id}`);
        const { identifier } = resource as { identifier?: { system?: string; value?: string }[] };
        expect(
          identifier?.some((one) => one.system === identity.system && one.value === identity.value),
        ).to.equal(true);
      }
      expect(before.size).to.equal(entries.length);
      expect(JSON.stringify(mapped(text))).to.equal(JSON.stringify(mapped(text)));
    });
  }

  it('make a correction the same resources as the result it corrects', () => {
    const ids = (name: string) =>
      mapped(samples.find((sample) => sample.name === name)!.text).entries.map(({ resource }) => resource.id);
    const corrected = ids('oru-r01-cbc-corrected.hl7');
    expect(ids('oru-r01-cbc.hl7')).to.include.members(corrected);
  });

  it('are about patient and visit in ADT, and only mention them in results; persons and places always', () => {
    for (const { name, text } of covered) {
      for (const { resource, context } of mapped(text).entries) {
        const { resourceType } = resource;
        const mentions = [
          'Practitioner',
          'Location',
          ...(name.startsWith('oru') ? ['Patient', 'Encounter'] : []),
        ];
        expect(context, `${name}: ${resourceType}`).to.equal(mentions.includes(resourceType) || undefined);
      }
    }
  });

  it('make every OBX of every sample a part of some Observation', () => {
    for (const { text } of covered.filter(({ name }) => name.startsWith('oru'))) {
      const values = readMessage(text)
        .all('OBX')
        .filter((segment) => segment.field(2) === 'NM');
      const made = mapped(text).entries.filter(({ resource }) => resource.resourceType === 'Observation');
      expect(made.length).to.be.at.least(values.length);
    }
  });

  it('refuse what they do not cover, by name', () => {
    const error = fc
      .sample(fc.constant('MSH|^~\\&|A|B|||20260101||XYZ^Z99|1|P|2.5\rPID|||1^^^X'), 1)
      .map((text) => {
        try {
          return mapped(text);
        } catch (thrown) {
          return thrown;
        }
      })[0];
    expect(error).to.be.instanceOf(PipehatError);
    expect((error as PipehatError).code).to.equal('mapping-no-map');
    expect(shippedMapping().accepts({ code: 'ADT', event: 'A01' })).to.equal(true);
    expect(shippedMapping().accepts({ code: 'ADT', event: 'A99' })).to.equal(false);
  });

  it('refuse results that stand outside any order', () => {
    const text = 'MSH|^~\\&|L|G|||20260101||ORU^R01^ORU_R01|1|P|2.5.1\rPID|||1^^^X\rOBX|1|NM|A^a^L||1||||||F';
    expect(() => mapped(text)).to.throw(PipehatError);
  });

  it('answer any damage to a message with a result or a PipehatError', () => {
    const damage = fc.record({
      sample: fc.nat(covered.length - 1),
      cuts: fc.array(
        fc.record({
          at: fc.double({ min: 0, max: 1, noNaN: true }),
          length: fc.nat(12),
          text: fc.oneof(
            fc.string({ maxLength: 6 }),
            fc.constantFrom('|', '^', '~', '&', '\\', '""', '\r', '\rOBX|', '\ud800'),
          ),
        }),
        { minLength: 1, maxLength: 6 },
      ),
    });
    fc.assert(
      fc.property(damage, ({ sample, cuts }) => {
        let { text } = covered[sample]!;
        for (const { at, length, text: put } of cuts) {
          const start = Math.floor(at * text.length);
          text = text.slice(0, start) + put + text.slice(start + length);
        }
        try {
          mapped(text);
        } catch (error) {
          if (!(error instanceof PipehatError)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});
