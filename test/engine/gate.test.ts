import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { createGate } from '../../src/engine/gate.ts';

describe('a gate', () => {
  it('lets in what there is room for, in the order of asking, and one that is too large alone', async () => {
    const gate = createGate(10);
    const inside = new Map<string, () => void>();
    const order: string[] = [];
    const ask = (name: string, weight: number): void => {
      gate.enter(weight).then((leave) => {
        order.push(name);
        inside.set(name, leave);
      });
    };
    const leave = async (name: string): Promise<void> => {
      inside.get(name)!();
      await setImmediate();
    };
    ask('a', 6);
    ask('b', 4);
    ask('huge', 100);
    ask('c', 1);
    ask('nothing', 0);
    await setImmediate();
    expect(order.toSorted()).to.deep.equal(['a', 'b', 'nothing']);
    await leave('a');
    expect(inside.has('huge')).to.equal(false);
    await leave('b');
    expect(order.slice(3)).to.deep.equal(['huge']);
    await leave('huge');
    expect(order.slice(3)).to.deep.equal(['huge', 'c']);
  });
});
