import { expect } from 'chai';
import fc from 'fast-check';
import { type TrafficMessage, type TrafficOptions, traffic } from '../../samples/traffic.ts';
import { readMessage } from '../../src/hl7/message.ts';
import { parsePath } from '../../src/hl7/path.ts';

const OPTIONS: TrafficOptions = { seed: 1, patients: 40, start: '2026-01-01T00:00:00Z' };

/** The first `count` messages. */
function take(count: number, options: Partial<TrafficOptions> = {}): TrafficMessage[] {
  return [...traffic({ ...OPTIONS, ...options }).take(count)];
}

/** A place of a message; `''` where it is empty. */
function valueAt(text: string, path: string): string {
  return readMessage(text).value(parsePath(path));
}

/** How often each value occurs. */
function countBy<T>(list: readonly T[], key: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of list) counts[key(item)] = (counts[key(item)] ?? 0) + 1;
  return counts;
}

describe('traffic', () => {
  const long = take(10_000);

  it('goes on, and has everything that happens in a hospital', () => {
    expect(long).to.have.length(10_000);
    const counts = countBy(long, ({ trigger }) => trigger);
    expect(counts).to.have.all.keys(
      ...['ADT^A01', 'ADT^A02', 'ADT^A03', 'ADT^A04', 'ADT^A08', 'ADT^A40', 'ORU^R01'],
    );
    const results = long.filter(({ trigger }) => trigger === 'ORU^R01');
    expect(countBy(results, ({ text }) => valueAt(text, 'OBR-25'))).to.have.all.keys('P', 'F', 'C');
  });

  it('is the same for the same options, and another for another seed', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 30 }), (seed, patients) => {
        expect(take(50, { seed, patients })).to.deep.equal(take(50, { seed, patients }));
      }),
      { numRuns: 20 },
    );
    expect(take(50, { seed: 1 })).to.not.deep.equal(take(50, { seed: 2 }));
  });

  it('says of each message what the message says', () => {
    for (const { text, control_id, patient, trigger } of long.slice(0, 1000)) {
      expect(valueAt(text, 'MSH-10')).to.equal(control_id);
      expect(valueAt(text, 'PID-3')).to.equal(patient);
      expect(`${valueAt(text, 'MSH-9.1')}^${valueAt(text, 'MSH-9.2')}`).to.equal(trigger);
    }
  });

  it('never gives a control id twice', () => {
    expect(new Set(long.map(({ control_id }) => control_id)).size).to.equal(long.length);
  });

  it("numbers each patient's messages from 1 without a gap, in PID-11.2, while time goes on", () => {
    const numbers = new Map<string, number>();
    let last = '';
    for (const { text, patient, sequence } of long) {
      expect(sequence).to.equal((numbers.get(patient) ?? 0) + 1);
      numbers.set(patient, sequence);
      expect(valueAt(text, 'PID-11.2')).to.equal(`Unit ${sequence}`);
      const time = valueAt(text, 'MSH-7');
      expect(time > last).to.equal(true);
      expect(valueAt(text, 'EVN-2') || valueAt(text, 'OBR-22')).to.equal(time);
      last = time;
    }
  });

  it('begins each stay with A01 or A04, and lets nothing happen in it after A03', () => {
    const open = new Set<string>();
    const closed = new Set<string>();
    for (const { text, trigger } of long) {
      const visit = valueAt(text, 'PV1-19');
      if (visit === '') continue;
      expect(closed.has(visit), `${trigger} after the discharge of ${visit}`).to.equal(false);
      if (trigger === 'ADT^A01' || trigger === 'ADT^A04') open.add(visit);
      expect(open.has(visit), `${trigger} before the admission of ${visit}`).to.equal(true);
      if (trigger === 'ADT^A03') closed.add(visit);
    }
    expect(closed.size).to.be.greaterThan(100);
  });

  it('reports an order as preliminary, final, corrected, never backwards', () => {
    const reported = new Map<string, string>();
    for (const { text, trigger } of long) {
      if (trigger !== 'ORU^R01') continue;
      const filler = valueAt(text, 'OBR-3');
      const status = valueAt(text, 'OBR-25');
      const before = reported.get(filler) ?? '';
      expect(['P', 'F', 'PF', 'FC', 'PFC']).to.include(before + status);
      reported.set(filler, before + status);
    }
    expect(countBy([...reported.values()], (road) => road)).to.include.all.keys('F', 'PF', 'FC', 'PFC');
  });

  it('merges only an MRN that was registered before, and never uses it again', () => {
    const seen = new Set<string>();
    const retired = new Set<string>();
    for (const { text, patient, trigger } of long) {
      expect(retired.has(patient)).to.equal(false);
      seen.add(patient);
      if (trigger !== 'ADT^A40') continue;
      const old = valueAt(text, 'MRG-1');
      expect(seen.has(old)).to.equal(true);
      retired.add(old);
    }
  });

  it('gives load of one kind: A01 once a patient, then A08, of about 0.4 kB', () => {
    const load = take(2000, { only: 'adt' });
    expect(countBy(load, ({ trigger }) => trigger)).to.deep.equal({ 'ADT^A01': 40, 'ADT^A08': 1960 });
    for (const { text, trigger, sequence } of load) {
      expect(trigger).to.equal(sequence === 1 ? 'ADT^A01' : 'ADT^A08');
      expect(Buffer.byteLength(text)).to.be.within(350, 450);
    }
  });

  it('gives load of one kind: blood counts with 14 OBX of about 2 kB', () => {
    for (const { text, trigger } of take(500, { only: 'oru' })) {
      expect(trigger).to.equal('ORU^R01');
      expect(readMessage(text).all('OBX')).to.have.length(14);
      expect(Buffer.byteLength(text)).to.be.within(1900, 2150);
    }
  });

  it('refuses to be without patients', () => {
    expect(() => take(1, { patients: 0 })).to.throw(RangeError);
  });
});
