/** The kit against senders with one fault each: the cases that look for it fail, and without it all pass. */
import { expect } from 'chai';
import { nameOf, senderCases } from '../../src/torture/catalogue.ts';
import { createKitReceiver } from '../../src/torture/receiver.ts';
import type { Result } from '../../src/torture/run.ts';
import { type SenderFaults, startSender } from './faulty-sender.ts';
import { resultsOf, SMALL, settings } from './settings.ts';

/** What is wrong, how, and which cases have to find it. */
const broken: readonly (readonly [string, SenderFaults, readonly string[]])[] = [
  ['sends twice', { repeats: true }, ['plain']],
  ['cuts long fields', { cutsFields: true }, ['document']],
  [
    'does not look at MSA-2',
    { ignoresControlId: true },
    ['wrong-control-id', 'empty-control-id', 'late', 'twice'],
  ],
  ['does not look at MSA-1', { ignoresCode: true }, ['unknown-code']],
  [
    'credits whatever comes',
    { creditsAnything: true },
    ['garbled', 'no-msa', 'empty-block', 'closed-in-answer'],
  ],
  [
    'gives up',
    { givesUp: true },
    ['closed-before-answer', 'reset-before-answer', 'never', 'flaky', 'garbled'],
  ],
  ['loses the order', { losesOrder: true }, ['closed-before-answer', 'never', 'flaky']],
  ['reads an answer in one piece', { readIsAnswer: true }, ['byte-by-byte']],
  ['wants nothing around an answer', { fussy: true }, ['blank-after']],
  ['takes nothing for lost', { needsReceiver: true }, ['down']],
];

describe('the torture kit as a receiver', function () {
  this.timeout(60_000);

  const judged = async (
    faults: SenderFaults,
    only: readonly string[],
  ): Promise<ReadonlyMap<string, Result>> => {
    const receiver = createKitReceiver('127.0.0.1', 0);
    await receiver.start();
    const sender = await startSender(receiver.port, faults);
    try {
      const feed = { host: '127.0.0.1', port: sender.port };
      return await resultsOf(settings({ feed, receiver, only, scale: { ...SMALL, resend_ms: 2000 } }));
    } finally {
      await sender.stop();
      await receiver.stop();
    }
  };

  it('finds nothing wrong with a sender that does all right', async () => {
    const results = await judged({}, ['sender']);
    expect(results.size).to.equal(senderCases.length);
    const bad = [...results].filter(
      ([, { outcome, one }]) => outcome !== (one.level === 'info' ? 'info' : 'pass'),
    );
    expect(bad.map(([name, { outcome, saw }]) => `${name}: ${outcome}, ${saw}`)).to.deep.equal([]);
  });

  for (const [what, faults, ids] of broken) {
    it(`sees that a sender ${what}`, async () => {
      for (const id of ids) {
        const name = `sender/${id}`;
        const { outcome, saw } = (await judged(faults, [name])).get(name)!;
        expect(outcome, `${name}: ${saw}`).to.equal('fail');
      }
    });
  }

  it('has, for every case of a sender, one that fails it', () => {
    const failed = broken.flatMap(([, , ids]) => ids.map((id) => `sender/${id}`));
    const judging = senderCases.filter(({ level }) => level !== 'info').map(nameOf);
    expect(judging.filter((name) => !failed.includes(name))).to.deep.equal([]);
  });
});
