/** Runs cases, one after another: each with connections, patient, random numbers and a time limit of its own. */
import { hash } from 'node:crypto';
import type { Case, CaseContext } from './case.ts';
import { isChosen, nameOf, receiverCases, senderCases } from './catalogue.ts';
import { composer } from './message.ts';
import type { KitReceiver } from './receiver.ts';
import type { Scale } from './scale.ts';
import type { Template } from './template.ts';
import { Finding, type Verdict } from './verdict.ts';
import { type Line, openLine, type Peer } from './wire.ts';

/** What is to be tortured, and how. */
export interface Settings {
  /** Whom the cases of a receiver talk to; undefined to judge a sender only. */
  readonly target: Peer | undefined;
  /** Where messages go in that come out at `receiver`. */
  readonly feed: Peer | undefined;
  /** The kit as receiver, already listening. */
  readonly receiver: KitReceiver | undefined;
  readonly template: Template;
  /** How long a connection, and an answer, may take. */
  readonly timeout_ms: number;
  readonly scale: Scale;
  readonly seed: number;
  /** Stands in every control id, so that no run is taken for another. */
  readonly run: string;
  readonly restart: (() => Promise<void>) | undefined;
  /** Names of groups, or `group/case`; empty for all. */
  readonly only: readonly string[];
  /** Ends the run: the case under way has no result. */
  readonly interrupted: AbortSignal;
}

/** What became of one case. */
export interface Result extends Verdict {
  readonly one: Case;
  readonly ms: number;
}

/** Beyond the wait for a few answers, no usual case takes longer. */
const USUAL_LIMIT_MS = 15_000;

/** The cases that these settings choose. */
export function chosenCases({ target, only }: Pick<Settings, 'target' | 'only'>): readonly Case[] {
  const all = target === undefined ? senderCases : [...receiverCases, ...senderCases];
  return all.filter((one) => isChosen(one, only));
}

/** Runs what is chosen, and yields each result as it comes. A fault of the kit itself is thrown. */
export async function* torture(settings: Settings): AsyncGenerator<Result> {
  let count = 0;
  for (const [patient, one] of chosenCases(settings).entries()) {
    const started = performance.now();
    const verdict = await judge(one, patient, () => ++count, settings);
    if (verdict === undefined) return;
    yield { one, ...verdict, ms: Math.round(performance.now() - started) };
  }
}

/** Runs one case; undefined when the run was interrupted. */
async function judge(
  one: Case,
  patient: number,
  next: () => number,
  settings: Settings,
): Promise<Verdict | undefined> {
  const { scale, timeout_ms, receiver, restart, template, run, seed, interrupted } = settings;
  const peer = one.group === 'sender' ? settings.feed : settings.target;
  const lines: Line[] = [];
  const over = new AbortController();
  const context: CaseContext = {
    async open() {
      // Only a case of a sender without a feed has no peer, and such a one is skipped before it opens anything.
      const line = await openLine(peer!, timeout_ms);
      lines.push(line);
      if (over.signal.aborted) line.reset();
      return line;
    },
    compose: composer(template, run, patient, next),
    random: randomNumbers(`${seed} ${nameOf(one)}`),
    ...{ timeout_ms, scale, restart, receiver, over: over.signal },
  };
  const limit_ms = one.limit_ms?.(scale, timeout_ms) ?? USUAL_LIMIT_MS + 3 * timeout_ms;
  const ending = Promise.withResolvers<Verdict | undefined>();
  const late = setTimeout(
    () => ending.resolve({ outcome: 'fail', saw: `not done within ${limit_ms} ms` }),
    limit_ms,
  );
  const stop = (): void => ending.resolve(undefined);
  interrupted.addEventListener('abort', stop, { once: true });
  if (interrupted.aborted) stop();
  const running = interrupted.aborted ? ending.promise : verdictOf(one, context);
  try {
    return await Promise.race([running, ending.promise]);
  } finally {
    over.abort();
    clearTimeout(late);
    interrupted.removeEventListener('abort', stop);
    receiver?.watch([]);
    await Promise.all(lines.map((line) => line.close()));
  }
}

async function verdictOf(one: Case, context: CaseContext): Promise<Verdict> {
  try {
    return await one.run(context);
  } catch (error) {
    if (error instanceof Finding) return error.verdict;
    throw error;
  }
}

/** Numbers in [0, 1): the same for the same text. */
function randomNumbers(text: string): () => number {
  let state = Number.parseInt(hash('sha256', text, 'hex').slice(0, 8), 16);
  return () => {
    // A linear congruential generator (Numerical Recipes): junk and cuts need no better one.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
