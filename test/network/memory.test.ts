import { expect } from 'chai';
import fc from 'fast-check';
import { createIntakeMemory } from '../../src/network/memory.ts';

/** A share, and whether its connection may read. */
function member(memory: ReturnType<typeof createIntakeMemory>) {
  const state = { reads: true, held: 0 };
  const share = memory.share(() => {
    state.reads = true;
  });
  return {
    state,
    hold(bytes: number) {
      state.held = bytes;
      state.reads = share.hold(bytes);
    },
    end: () => share.end(),
  };
}

describe('intake memory', () => {
  it('lets everybody read while there is room, and counts', () => {
    const memory = createIntakeMemory(100);
    const [a, b] = [member(memory), member(memory)];
    a.hold(40);
    b.hold(50);
    expect([a.state.reads, b.state.reads, memory.used_bytes]).to.deep.equal([true, true, 90]);
    a.end();
    expect(memory.used_bytes).to.equal(50);
  });

  it('when it is used up, lets one read on, and the others in their order once there is room', () => {
    const memory = createIntakeMemory(100);
    const [a, b, c] = [member(memory), member(memory), member(memory)];
    a.hold(60);
    b.hold(40); // The first to meet the limit is the favoured one.
    c.hold(10);
    a.hold(61);
    expect([a, b, c].map(({ state }) => state.reads)).to.deep.equal([false, true, false]);
    b.hold(500); // More than all there is.
    expect(b.state.reads).to.equal(true);
    b.hold(0);
    expect([a, b, c].map(({ state }) => state.reads)).to.deep.equal([true, true, true]);
  });

  it('favours another once the favoured one has let go of something, or is gone', () => {
    const memory = createIntakeMemory(100);
    const [a, b, c] = [member(memory), member(memory), member(memory)];
    a.hold(200);
    b.hold(200);
    c.hold(200);
    expect([a, b, c].map(({ state }) => state.reads)).to.deep.equal([true, false, false]);
    a.hold(150);
    expect([a, b, c].map(({ state }) => state.reads)).to.deep.equal([false, true, false]);
    b.end();
    expect([a, c].map(({ state }) => state.reads)).to.deep.equal([false, true]);
    c.end();
    expect(a.state.reads).to.equal(true);
  });

  it('lets who holds nothing read: it has nothing to let go of', () => {
    const memory = createIntakeMemory(100);
    const [a, b] = [member(memory), member(memory)];
    a.hold(200);
    b.hold(0);
    expect(b.state.reads).to.equal(true);
  });

  it('never makes everybody wait, and lets in all that came, in any order of things', () => {
    const step = fc.record({ who: fc.nat(5), bytes: fc.nat(60), ends: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const memory = createIntakeMemory(100);
        const members = Array.from({ length: 6 }, () => member(memory));
        for (const { who, bytes, ends } of steps) {
          const one = members[who]!;
          // Who waits reads nothing; what it has may be answered all the same.
          if (ends) one.hold(0);
          else if (one.state.reads) one.hold(one.state.held + bytes);
          expect(members.some(({ state }) => state.reads)).to.equal(true);
          expect(memory.used_bytes).to.equal(members.reduce((sum, { state }) => sum + state.held, 0));
          if (memory.used_bytes < 100) expect(members.every(({ state }) => state.reads)).to.equal(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
