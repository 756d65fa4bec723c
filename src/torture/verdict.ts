/** What a case found. A case returns what it saw when all is well, and throws a `Finding` when it isn't, or when it can't tell. */

/**
 * - `pass`: as the standard wants it.
 * - `fail`: not so.
 * - `skip`: this receiver, or this run, gives no occasion to look; `saw` says why.
 * - `info`: there is no right or wrong, `saw` is what is worth knowing.
 */
export type Outcome = 'pass' | 'fail' | 'skip' | 'info';

/** Outcome of a case, and what was seen, in words and bytes. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly saw: string;
}

/** Ends a case early with a verdict. */
export class Finding extends Error {
  readonly verdict: Verdict;

  constructor(outcome: Outcome, saw: string) {
    super(saw);
    this.verdict = { outcome, saw };
  }
}

/** The case passed. */
export function pass(saw: string): Verdict {
  return { outcome: 'pass', saw };
}

/** The case has no right or wrong. */
export function info(saw: string): Verdict {
  return { outcome: 'info', saw };
}

/** To throw: the receiver does it wrong. */
export function failed(saw: string): Finding {
  return new Finding('fail', saw);
}

/** To throw: there is nothing to judge. */
export function skipped(why: string): Finding {
  return new Finding('skip', why);
}
