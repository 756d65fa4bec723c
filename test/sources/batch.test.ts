import { expect } from 'chai';
import type { Accept, Answer, Connection } from '../../src/component.ts';
import { PipehatError } from '../../src/errors.ts';
import { buildAck, readAck } from '../../src/hl7/ack.ts';
import { readBatch } from '../../src/hl7/batch.ts';
import { readHeader } from '../../src/hl7/header.ts';
import { acceptBatches } from '../../src/sources/batch.ts';

const message = (id: string) => `MSH|^~\\&|LAB|CLINIC|PIPEHAT|RGH|2026||ORU^R01|${id}|P|2.5\rPID|1\r`;
const from: Connection = { protocol: 'mllp', local: '', remote: '', connection: 1 };

describe('batches at a source', () => {
  let accepted: string[];
  let refused: { error: PipehatError; head: string }[];
  let most: number;
  let sent: string[];

  beforeEach(() => {
    sent = [];
    accepted = [];
    refused = [];
    most = 0;
  });

  let underWay = 0;
  const accept: Accept = async (bytes) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    accepted.push(Buffer.from(bytes).toString('latin1'));
    const header = readHeader(bytes);
    const id = header.control_id;
    if (id === 'SILENT') return { bytes: undefined, error: undefined };
    if (id === 'CLOSE')
      return { bytes: undefined, error: new PipehatError('store-unreachable'), close: true };
    const code = id.startsWith('BAD') ? 'AR' : 'AA';
    const ack = (made: 'AA' | 'AR' | 'CA') =>
      Buffer.from(buildAck({ header, code: made, control_id: `A${id}`, time: '2026' }), 'latin1');
    const error = code === 'AR' ? new PipehatError('control-id-missing') : undefined;
    if (!id.startsWith('LATER')) return { bytes: ack(code), error };
    const ready = Promise.resolve(id === 'LATER-NOTHING' ? undefined : ack('AA'));
    return { bytes: ack('CA'), error, later: { ready, sent: (out) => sent.push(`${id} ${out}`) } };
  };

  const sendFor = (text: string): Promise<Answer> => {
    const take = acceptBatches(accept, async (error, head) => {
      refused.push({ error, head: Buffer.from(head).toString('latin1') });
      return { bytes: Buffer.from('refused'), error };
    });
    return take(Buffer.from(text, 'latin1'), from);
  };
  const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('latin1');
  const send = async (text: string) => textOf((await sendFor(text)).bytes);

  it('hands a message on as it is', async () => {
    expect(readAck(await send(message('1')))).to.include({ code: 'AA', control_id: '1' });
    expect(accepted).to.deep.equal([message('1')]);
  });

  it('answers a batch with the batch of its answers, in order, one message at a time', async () => {
    const answer = await send(
      `BHS|^~\\&|LAB|CLINIC|PIPEHAT|RGH|2026||||B1\r${message('1')}${message('BAD2')}${message('3')}BTS|3\r`,
    );
    expect(accepted).to.deep.equal(['1', 'BAD2', '3'].map(message));
    expect(most).to.equal(1);
    const [first] = answer.split('\r');
    const fields = first!.split('|');
    expect([fields[0], ...fields.slice(2, 6)]).to.deep.equal(['BHS', 'PIPEHAT', 'RGH', 'LAB', 'CLINIC']);
    expect(fields[6]).to.match(/^\d{14}\+0000$/);
    expect(fields[10]).to.have.length(20);
    expect(fields[11]).to.equal('B1');
    expect(answer).to.match(/\rBTS\|3\r$/);
    const codes = readBatch(Buffer.from(answer)).flatMap((item) =>
      item.kind === 'message' ? [readAck(Buffer.from(item.bytes).toString('latin1'))] : [],
    );
    expect(codes.map(({ code, control_id }) => [code, control_id])).to.deep.equal([
      ['AA', '1'],
      ['AR', 'BAD2'],
      ['AA', '3'],
    ]);
  });

  it('answers a file with a file, in the delimiters of each header', async () => {
    const answer = await send(
      `FHS|^~\\&|A|B|C|D|||||F1\rBHS#:*?!#A#B#C#D#####B1\r${message('1')}BTS#1\r${message('2')}${message('3')}BHS|^~\\&\rBTS|0\rFTS|3\r`,
    );
    const items = readBatch(Buffer.from(answer, 'latin1'));
    expect(items.filter((item) => item.kind === 'finding')).to.deep.equal([]);
    const headers = answer.split('\r').filter((line) => /^[FB]HS/.test(line));
    expect(headers[0]).to.match(/^FHS\|\^~\\&\|C\|D\|A\|B\|.*\|F1$/);
    expect(headers[1]).to.match(/^BHS#:\*\?!#C#D#A#B#.*#B1$/);
    expect(answer)
      .to.include('\rBTS#1\r')
      .and.match(/\rBTS\|0\rFTS\|3\r$/);
  });

  it('counts the answers that are there, where a sender asked for none', async () => {
    const answer = await send(`BHS|^~\\&\r${message('SILENT')}${message('2')}BTS|2\r`);
    expect(answer).to.match(/\rBTS\|1\r$/);
  });

  it('tells the error of the first message that was refused, and closes where nothing can be said', async () => {
    const answer = await sendFor(`BHS|^~\\&\r${message('1')}${message('BAD2')}BTS|2\r`);
    expect(answer.error?.code).to.equal('control-id-missing');
    expect(answer).not.to.have.property('later');
    const closed = await sendFor(`BHS|^~\\&\r${message('CLOSE')}${message('2')}BTS|2\r`);
    expect(closed).to.include({ close: true, bytes: undefined });
    expect(accepted.at(-1)).to.equal(message('CLOSE'));
  });

  it('gives the answers that follow later together, in a batch of their own', async () => {
    const ids = ['LATER1', '2', 'LATER-NOTHING', 'LATER3'];
    const { bytes, later } = await sendFor(`BHS|^~\\&|||||||||B1\r${ids.map(message).join('')}BTS|4\r`);
    expect(textOf(bytes).match(/MSA\|\w\w/g)).to.deep.equal(['MSA|CA', 'MSA|AA', 'MSA|CA', 'MSA|CA']);
    const second = textOf(await later?.ready);
    expect(second)
      .to.match(/^BHS\|.*\|B1\r/)
      .and.match(/BTS\|2\r$/);
    expect(second.match(/MSA\|AA\|\w+/g)).to.deep.equal(['MSA|AA|LATER1', 'MSA|AA|LATER3']);
    later?.sent(true);
    expect(sent).to.deep.equal(['LATER1 true', 'LATER3 true']);
    const none = await sendFor(`BHS|^~\\&\r${message('LATER-NOTHING')}BTS|1\r`);
    expect(await none.later?.ready).to.equal(undefined);
  });

  it('takes nothing of a batch that is not whole', async () => {
    const batch = `BHS|^~\\&|LAB\r${message('1')}BTS|2\r`;
    expect(await send(batch)).to.equal('refused');
    expect(accepted).to.deep.equal([]);
    expect(refused.map(({ error, head }) => [error.code, error.at, head])).to.deep.equal([
      ['batch-count-wrong', 'BTS-1', batch],
    ]);
    expect(await send(`FHS|^~\\&\r${message('1')}`)).to.equal('refused');
    expect(refused[1]?.error.code).to.equal('batch-trailer-missing');
  });
});
