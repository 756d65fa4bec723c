import { expect } from 'chai';
import fc from 'fast-check';
import { part, parts } from '../../src/hl7/parts.ts';

describe('hl7 parts', () => {
  it('counts from 1, and gives nothing where there is nothing', () => {
    expect(part('a^b^^d', '^', 1)).to.equal('a');
    expect(part('a^b^^d', '^', 3)).to.equal('');
    expect(part('a^b^^d', '^', 4)).to.equal('d');
    expect(part('a^b^^d', '^', 5)).to.equal('');
    expect(part('', '^', 1)).to.equal('');
    expect(parts('', '^')).to.deep.equal([]);
    expect(parts('a^^c', '^')).to.deep.equal(['a', '', 'c']);
  });

  it('cuts one part as splitting does', () => {
    const raw = fc.string({ unit: fc.constantFrom('^', '&', 'a', 'é', '😀'), maxLength: 20 });
    fc.assert(
      fc.property(raw, fc.integer({ min: 1, max: 25 }), (given, n) => {
        expect(part(given, '^', n)).to.equal(given.split('^')[n - 1] ?? '');
      }),
    );
  });
});
