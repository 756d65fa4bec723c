import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { readMessage } from '../../src/hl7/message.ts';
import { type Order, orderKeyOf, searchKeys } from '../../src/pipeline/order.ts';

const ORDERS: Order[] = ['patient', 'visit', 'order', 'channel', 'none'];

function message(...segments: string[]) {
  return readMessage(['MSH|^~\\&|HIS|RGH|||20260101||ADT^A01|1|P|2.5.1', ...segments].join('\r'));
}

describe('orderKeyOf', () => {
  it('takes the medical record number with its authority, wherever it stands in PID-3', () => {
    expect(orderKeyOf(message('PID|1||9^^^SSA^SS~77^^^RGH^MR'), 'patient')).to.equal('77^RGH');
    expect(orderKeyOf(message('PID|1||77^^^RGH&1.2.3&ISO^MR'), 'patient')).to.equal('77^RGH');
  });

  it('takes the first number when none is a record number, then PID-2', () => {
    expect(orderKeyOf(message('PID|1||9^^^A^PI~8^^^B^PI'), 'patient')).to.equal('9^A');
    expect(orderKeyOf(message('PID|1|5^^^OLD|'), 'patient')).to.equal('5^OLD');
    expect(orderKeyOf(message('PID|1||^^^RGH^MR~8^^^B^PI'), 'patient')).to.equal('8^B');
  });

  it('tells patients of different authorities apart', () => {
    const [one, other] = ['RGH', 'LAKE'].map((authority) => message(`PID|1||77^^^${authority}^MR`));
    expect(orderKeyOf(one!, 'patient')).not.to.equal(orderKeyOf(other!, 'patient'));
  });

  it('takes visit and order numbers', () => {
    const oru = message(`PV1|1|I${'|'.repeat(17)}V5^^^RGH`, 'ORC|RE||F7^LAB', 'OBR|1|P3^HIS|F7^LAB');
    expect(orderKeyOf(oru, 'visit')).to.equal('V5^RGH');
    expect(orderKeyOf(oru, 'order')).to.equal('F7^LAB');
    expect(orderKeyOf(message('OBR|1|P3^HIS|F7^LAB'), 'order')).to.equal('P3^HIS');
  });

  it('has no key where the message has none', () => {
    for (const order of ['patient', 'visit', 'order'] as const) {
      expect(orderKeyOf(message(), order)).to.equal(undefined);
      expect(orderKeyOf(message('PID|1|""|""', 'PV1|1', 'ORC|RE|""'), order)).to.equal(undefined);
    }
  });

  it('is one key for the whole channel, or none', () => {
    expect(orderKeyOf(message(), 'channel')).to.equal('channel');
    expect(orderKeyOf(message('PID|1||77^^^RGH^MR'), 'none')).to.equal(undefined);
  });
});

describe('searchKeys', () => {
  it('gives every number of patient, visit and order once', () => {
    const oru = message(
      'PID|1|5|77^^^RGH^MR~88^^^STATE^DL~77^^^OTHER^MR',
      `PV1|1|I${'|'.repeat(17)}V5^^^RGH`,
      'ORC|RE|P3^HIS|F7^LAB',
      'OBR|1|P3^HIS|F7^LAB',
      'OBR|2|P4^HIS|""',
    );
    expect(searchKeys(oru).map(({ kind, value }) => `${kind} ${value}`)).to.deep.equal([
      'patient 77',
      'patient 88',
      'patient 5',
      'visit V5',
      'order P3',
      'order F7',
      'order P4',
    ]);
  });
});

describe('orderKeyOf and searchKeys', () => {
  const folder = new URL('../../samples/', import.meta.url);
  const samples = readdirSync(folder)
    .filter((name) => name.endsWith('.hl7'))
    .map((name) => readFileSync(new URL(name, folder), 'latin1'));

  it('never throw, whatever is done to a sample', () => {
    const change = fc.record({
      at: fc.nat(2000),
      cut: fc.nat(40),
      text: fc.oneof(fc.string(), fc.constantFrom('|', '^', '~', '\\', '&', '\r', '\rPID|||', '""')),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(change, { maxLength: 5 }),
        fc.boolean(),
        (sample, changes, short) => {
          const start = short ? 'MSH|' : 'MSH|^~\\&|';
          const body = changes.reduce(
            (text, { at, cut, text: put }) => text.slice(0, at) + put + text.slice(at + cut),
            sample.slice(9),
          );
          const mutated = readMessage(start + body);
          for (const order of ORDERS) expect(orderKeyOf(mutated, order)).to.not.equal('');
          for (const { value } of searchKeys(mutated)) expect(value).to.not.equal('');
        },
      ),
      { numRuns: 500 },
    );
  });
});
