import { expect } from 'chai';
import fc from 'fast-check';
import { stableId } from '../../src/fhir/identity.ts';

describe('stable ids', () => {
  it('are the same for ever', () => {
    const id = stableId('demo', 'Patient', { system: 'urn:oid:1.2.3', value: '42' });
    expect(id).to.equal('b9c505d3-8301-86eb-b602-40aad42ce069');
  });

  it('are UUIDs of version 8, and differ when any part does', () => {
    const part = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));
    const parts = fc.tuple(part, part, part, part);
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const [one, other] = [a, b].map(([tenant, type, system, value]) =>
          stableId(tenant!, type!, { system: system!, value: value! }),
        );
        expect(one).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(one === other).to.equal(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});
