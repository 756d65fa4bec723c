import { expect } from 'chai';
import fc from 'fast-check';
import { createIntakeMemory } from '../../src/network/memory.ts';

/** A share, and whether its connection may read. */
function member(memory: ReturnType<typeof createIntakeMemory>) {
  const state = { reads: true, whole: 0, part: 0 };
  const share = memory.share(() => {
    state.reads = true;
  });
  return {
    state,
    hold(whole: number, part: number) {
      Object.assign(state, { whole, part });
      state.reads = share.hold(whole, part);
    },
    end: () => share.end(),
  };
}

describe('intake memory', () => {
  it('lets everybody read while there is room, and counts', () => {
    const memory = createIntakeMemory(100);
    const [a, b] = [member(memory), member(memory)];
    a.hold(30, 10);
    b.hold(0, 50);
    expect([a.state.reads, b.state.reads, memory.used_bytes]).to.deep.equal([true, true, 90]);
    a.end();
    expect(memory.used_bytes).to.equal(50);
  });

  it('when it is used up, lets one end its message, and the others go on once there is room', () => {
    const memory = createIntakeMemory(100);
    const [a, b, c] = [member(memory), member(memory), member(memory)];
    const reads = () => [a, b, c].map(({ state }) => state.reads);
    a.hold(0, 60);
    b.hold(0, 40);
    c.hold(0, 10);
    a.hold(0, 61);
    expect(reads()).to.deep.equal([false, true, false]);
    b.hold(0, 500); // More than all there is.
    expect(reads()).to.deep.equal([false, true, false]);
    b.hold(500, 3); // It ended. The next one has begun, but an answer is to come first.
    expect(reads()).to.deep.equal([false, false, false]);
    b.hold(0, 3);
    expect(reads()).to.deep.equal([true, true, true]);
  });

  it('favours another when the favoured one is gone', () => {
    const memory = createIntakeMemory(100);
    const [a, b] = [member(memory), member(memory)];
    a.hold(0, 200);
    b.hold(0, 200);
    expect([a, b].map(({ state }) => state.reads)).to.deep.equal([true, false]);
    a.end();
    expect(b.state.reads).to.equal(true);
  });

  it('lets who holds nothing read: it has nothing to let go of', () => {
    const memory = createIntakeMemory(100);
    const [a, b] = [member(memory), member(memory)];
    a.hold(200, 0);
    b.hold(0, 0);
    expect(b.state.reads).to.equal(true);
  });

  it('never lets all of them wait for each other, and makes nobody wait without need', () => {
    const step = fc.record({
      who: fc.nat(5),
      bytes: fc.nat(60),
      what: fc.constantFrom('comes', 'ends', 'answered'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const memory = createIntakeMemory(100);
        const members = Array.from({ length: 6 }, () => member(memory));
        for (const { who, bytes, what } of steps) {
          const { state, hold } = members[who]!;
          // Who waits reads nothing; what it has may be answered all the same.
          if (what === 'answered') hold(0, state.part);
          else if (state.reads && what === 'comes') hold(state.whole, state.part + bytes);
          else if (state.reads) hold(state.whole + state.part, bytes);
          const states = members.map(({ state }) => state);
          const used = states.reduce((sum, { whole, part }) => sum + whole + part, 0);
          expect(memory.used_bytes).to.equal(used);
          if (used < 100) expect(states.every(({ reads }) => reads)).to.equal(true);
          // Either answers make room, or somebody in the midst of a message reads on.
          const moves = states.some(({ whole, part, reads }) => whole > 0 || (part > 0 && reads));
          expect(used === 0 || moves).to.equal(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
