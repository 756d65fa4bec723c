import { expect } from 'chai';
import fc from 'fast-check';
import { createGroup } from '../../src/engine/group.ts';

describe('group commit', () => {
  it('lets what arrives during a flush share the next one', async () => {
    const flushes: number[][] = [];
    const gate = Promise.withResolvers<void>();
    const group = createGroup<number, number>({
      flush: async (items) => {
        flushes.push([...items]);
        if (flushes.length === 1) await gate.promise;
        return items.map((item) => item * 10);
      },
      weigh: () => 1,
      most: 100,
    });
    const first = group.add(1);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const rest = [2, 3, 4].map((n) => group.add(n));
    gate.resolve();
    expect(await Promise.all([first, ...rest])).to.deep.equal([10, 20, 30, 40]);
    expect(flushes).to.deep.equal([[1], [2, 3, 4]]);
  });

  it('fails the items of a flush that failed, and no others', async () => {
    const group = createGroup<string, string>({
      flush: async (items) => {
        if (items.includes('bad')) throw new Error('no');
        return items;
      },
      weigh: () => 1,
      most: 1,
    });
    const results = await Promise.allSettled(['a', 'bad', 'b'].map((item) => group.add(item)));
    expect(results.map((result) => result.status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('keeps order and limits for any weights', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 30 }), { minLength: 1 }), async (weights) => {
        const flushed: number[][] = [];
        const group = createGroup<number, number>({
          flush: async (items) => {
            flushed.push([...items]);
            return items;
          },
          weigh: (weight) => weight,
          most: 20,
        });
        expect(await Promise.all(weights.map((weight) => group.add(weight)))).to.deep.equal(weights);
        expect(flushed.flat()).to.deep.equal(weights);
        for (const items of flushed) {
          expect(items.length === 1 || items.reduce((sum, weight) => sum + weight, 0) <= 20).to.equal(true);
        }
      }),
    );
  });
});
