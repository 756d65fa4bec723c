import { expect } from 'chai';
import fc from 'fast-check';
import { createRecent } from '../../src/engine/recent.ts';

describe('what was just committed', () => {
  it('is found until it is forgotten', () => {
    const recent = createRecent<string>(800);
    recent.keep('a', 'first', 10);
    recent.keep('a', 'second', 10);
    expect(recent.get('a')).to.equal('second');
    recent.forget('a');
    expect(recent.get('a')).to.equal(undefined);
  });

  it('makes room for what is newer, and never holds more than it may', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 200 }))), (steps) => {
        const recent = createRecent<number>(800);
        for (const [key, bytes] of steps) recent.keep(String(key), bytes, bytes);
        const held = [...Array(21).keys()].flatMap((key) => recent.get(String(key)) ?? []);
        expect(held.reduce((sum, bytes) => sum + bytes, 0)).to.be.at.most(800);
        expect(held.every((bytes) => bytes <= 100)).to.equal(true);
        const last = steps.at(-1);
        if (last !== undefined && last[1] <= 100) expect(recent.get(String(last[0]))).to.equal(last[1]);
      }),
    );
  });
});
