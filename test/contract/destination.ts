/**
 * What every kind of destination must do, as one suite. The test of each kind calls {@link destinationContract} with a
 * receiver it can switch. How a kind renders its body, and what it makes of each answer, it tests itself.
 */
import { expect } from 'chai';
import type {
  Attachment,
  Attempt,
  Body,
  Delivery,
  Destination,
  DestinationContext,
} from '../../src/component.ts';
import { PipehatError } from '../../src/errors.ts';
import type { Facts, Log } from '../../src/log.ts';
import { destinationContext } from '../helpers/contexts.ts';

/** Stands in the content of every body of the suite, and in the refusals of a receiver: nothing shown may hold it. */
export const PLANTED_NAME = 'Zwetschgenknoedel';

/** How the receiver behaves: takes things, refuses each for good, takes the bytes and never answers, is not there. */
export type ReceiverMode = 'accepts' | 'refuses' | 'silent' | 'down';

/** A destination under test, and the receiver at its other end. A new pair is set up for each case. */
export interface Trial {
  /** Waits at most about 200 ms for an answer, so that the silent receiver is found out soon. */
  readonly destination: Destination;
  /** Content for thing number `n`, different for each, with {@link PLANTED_NAME} in it. */
  body(n: number): Body;
  /** Switches the receiver. It starts as `accepts`. */
  become(mode: ReceiverMode): Promise<void>;
  /** How many different things the receiver has taken. */
  kept(): Promise<number>;
  /** How many connections the receiver has open now. */
  connections(): Promise<number>;
  /** Closes the receiver. The suite stops the destination itself. */
  close(): Promise<void>;
}

/** The cases a kind of destination may lack, such as a file that never "doesn't answer". */
export type Inapplicable = Partial<Record<'refuses' | 'silent' | 'repeated', string>>;

/** The suite. `inapplicable` gives the reason for each case that can't exist for this kind; the report shows it. */
export function destinationContract(
  name: string,
  setUp: (context: DestinationContext) => Promise<Trial>,
  inapplicable: Inapplicable = {},
): void {
  describe(`destination ${name} keeps the contract`, () => {
    let trial: Trial;
    let shown: string[];

    const attempt = async (delivery: Delivery): Promise<Attempt> => {
      const made = await trial.destination.deliver(delivery);
      shown.push(`${made.code} ${made.status} ${made.says}`);
      return made;
    };

    beforeEach(async () => {
      shown = [];
      trial = await setUp({ ...destinationContext(shown), name });
    });

    afterEach(async () => {
      await trial.destination.stop(1000);
      await trial.close();
      expect(shown.join('\n')).not.to.include(PLANTED_NAME);
    });

    it('accepts what the receiver took, and keeps request and response', async () => {
      const made = await attempt(delivery(1, trial.body(1)));
      expect(made.outcome).to.equal('accepted');
      expect(made.code).to.equal(undefined);
      expect(made.status).to.be.a('string').and.not.equal('');
      expect(made.request).to.include(PLANTED_NAME);
      expect(made.response).not.to.equal('');
      expect(await trial.kept()).to.equal(1);
    });

    it('delivers side by side, each thing once', async () => {
      const numbers = Array.from({ length: 12 }, (_, i) => i + 1);
      const made = await Promise.all(numbers.map((n) => attempt(delivery(n, trial.body(n)))));
      expect(made.map(({ outcome }) => outcome)).to.deep.equal(numbers.map(() => 'accepted'));
      expect(await trial.kept()).to.equal(12);
    });

    itApplies(inapplicable.repeated, 'leaves one thing where the same delivery comes twice', async () => {
      await attempt(delivery(1, trial.body(1)));
      const again = await attempt({ ...delivery(1, trial.body(1)), attempt: 2 });
      expect(again.outcome).to.equal('accepted');
      expect(await trial.kept()).to.equal(1);
    });

    it('is transient while the receiver is down, and accepts once it is back', async () => {
      await trial.become('down');
      const failed = await attempt(delivery(1, trial.body(1)));
      expectFailure(failed, 'transient');
      await trial.become('accepts');
      const made = await attempt({ ...delivery(1, trial.body(1)), attempt: 2 });
      expect(made.outcome).to.equal('accepted');
      expect(await trial.kept()).to.equal(1);
    });

    itApplies(inapplicable.silent, 'is ambiguous where the receiver never answers', async () => {
      await trial.become('silent');
      expectFailure(await attempt(delivery(1, trial.body(1))), 'ambiguous');
    });

    itApplies(inapplicable.refuses, 'is permanent, with the status, where the receiver refuses', async () => {
      await trial.become('refuses');
      const refused = await attempt(delivery(1, trial.body(1)));
      expectFailure(refused, 'permanent');
      expect(refused.status).to.be.a('string').and.not.equal('');
      expect(refused.response).not.to.equal('');
      expect(await trial.kept()).to.equal(0);
    });

    it('answers a ping, says why where nobody is there, and writes nothing', async () => {
      await trial.destination.ping();
      await trial.become('down');
      const error = await trial.destination.ping().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(PipehatError);
      shown.push(String(error));
      await trial.become('accepts');
      expect(await trial.kept()).to.equal(0);
    });

    it('closes its connections when stopped, and delivers nothing afterwards', async () => {
      await attempt(delivery(1, trial.body(1)));
      await trial.destination.stop(1000);
      await eventually(async () => (await trial.connections()) === 0);
      expectFailure(await attempt(delivery(2, trial.body(2))), 'transient');
      expect(await trial.kept()).to.equal(1);
    });

    it('answers the attempts under way when it is stopped', async () => {
      const under_way = attempt(delivery(1, trial.body(1)));
      await trial.destination.stop(1000);
      const { outcome } = await under_way;
      expect(outcome).to.be.oneOf(['accepted', 'transient', 'ambiguous']);
      if (outcome === 'accepted') expect(await trial.kept()).to.equal(1);
      if (outcome === 'transient') expect(await trial.kept()).to.equal(0);
    });
  });
}

/** A delivery number `n` for the first time. */
export function delivery(n: number, body: Body, attachments: readonly Attachment[] = []): Delivery {
  return {
    id: String(n),
    message_id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    attempt: 1,
    body,
    attachments,
  };
}

/** A log that keeps its lines in `lines`. */
export function capturingLog(lines: string[], always: Facts = {}): Log {
  const write = (says: string, facts: Facts = {}) => {
    lines.push(`${says} ${JSON.stringify({ ...always, ...facts })}`);
  };
  const log = { debug: write, info: write, warn: write, error: write };
  return { ...log, with: (facts) => capturingLog(lines, { ...always, ...facts }) };
}

/** Resolves once `holds` does; mocha's time limit ends a wait without end. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

function expectFailure(made: Attempt, outcome: Attempt['outcome']): void {
  expect(made.outcome).to.equal(outcome);
  expect(made.code).to.be.a('string');
  expect(made.says).to.be.a('string').and.not.equal('');
}

/** A case, or in its place a line of the report that says why this kind of destination can't have it. */
function itApplies(inapplicable: string | undefined, title: string, test: () => Promise<void>): void {
  if (inapplicable === undefined) it(title, test);
  else describe(`(has no case "${title}": ${inapplicable})`, () => it('by nature', () => undefined));
}
