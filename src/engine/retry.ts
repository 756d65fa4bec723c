/** Where a delivery goes after an attempt: one table from outcome to state, and how long to wait. Pure. */
import type { Attempt } from '../component.ts';
import type { DeliveryState } from '../store/states.ts';

/** A system's say in it. */
export interface RetryPolicy {
  /** What to do with a delivery that was sent and got no answer. */
  readonly unanswered: 'resend' | 'hold';
  readonly retry: { readonly first_ms: number; readonly most_ms: number };
}

/** The next state; `wait_ms` for `held` only. */
export interface Next {
  readonly state: Extract<DeliveryState, 'acknowledged' | 'held' | 'ambiguous' | 'rejected'>;
  readonly wait_ms?: number;
}

/** `attempts` counts this one; `random` is in [0, 1). */
export function nextState(attempt: Attempt, attempts: number, policy: RetryPolicy, random: number): Next {
  switch (attempt.outcome) {
    case 'accepted':
      return { state: 'acknowledged' };
    case 'permanent':
      return { state: 'rejected' };
    case 'ambiguous':
      return policy.unanswered === 'hold' ? { state: 'ambiguous' } : held(attempt, attempts, policy, random);
    case 'transient':
      return held(attempt, attempts, policy, random);
  }
}

/** Doubling waits with full jitter, so that what failed together doesn't come back together; never below what the receiver asked. */
function held(attempt: Attempt, attempts: number, { retry }: RetryPolicy, random: number): Next {
  const ceiling = Math.min(retry.most_ms, retry.first_ms * 2 ** Math.min(attempts - 1, 30));
  return { state: 'held', wait_ms: Math.max(Math.ceil(random * ceiling), attempt.retry_after_ms ?? 0, 1) };
}
