import { expect } from 'chai';
import type { Attempt } from '../../src/component.ts';
import { nextState } from '../../src/engine/retry.ts';

const attempt = (outcome: Attempt['outcome'], more: Partial<Attempt> = {}): Attempt => ({
  outcome,
  request: '',
  response: '',
  ...more,
});
const policy = { unanswered: 'resend', retry: { first_ms: 1000, most_ms: 60_000 } } as const;

describe('where a delivery goes after an attempt', () => {
  it('is settled by yes, and by no for good', () => {
    expect(nextState(attempt('accepted'), 1, policy, 0.5)).to.deep.equal({ state: 'acknowledged' });
    expect(nextState(attempt('permanent'), 1, policy, 0.5)).to.deep.equal({ state: 'rejected' });
  });

  it('waits twice as long each time, with full jitter, up to the most', () => {
    const waits = [1, 2, 3, 4, 10, 1000].map(
      (n) => nextState(attempt('transient'), n, policy, 0.999_999).wait_ms,
    );
    expect(waits).to.deep.equal([1000, 2000, 4000, 8000, 60_000, 60_000]);
    expect(nextState(attempt('transient'), 5, policy, 0)).to.deep.equal({ state: 'held', wait_ms: 1 });
  });

  it('waits at least as long as the receiver asked', () => {
    expect(nextState(attempt('transient', { retry_after_ms: 90_000 }), 1, policy, 0.5).wait_ms).to.equal(
      90_000,
    );
  });

  it('is sent again without an answer only where the system says so', () => {
    expect(nextState(attempt('ambiguous'), 1, policy, 0.5).state).to.equal('held');
    expect(nextState(attempt('ambiguous'), 1, { ...policy, unanswered: 'hold' }, 0.5)).to.deep.equal({
      state: 'ambiguous',
    });
  });
});
