import { expect } from 'chai';
import { parsePath } from '../../src/hl7/path.ts';
import { readReceived } from '../../src/pipeline/read.ts';

const bytes = (charset: string, name: number[]) =>
  Buffer.concat([
    Buffer.from('MSH|^~\\&|HIS|'),
    Buffer.from(name),
    Buffer.from(`|||||ADT^A08|1|P|2.5||||||${charset}\rPID|1||7||`),
    Buffer.from(name),
    Buffer.from('\r'),
  ]);

describe('readReceived', () => {
  it('gives the message, MSH as sent and MSH decoded, and what told the character set', () => {
    const { message, header, facts, ...read } = readReceived({}, bytes('8859/2', [0xb3]));
    expect(message.value(parsePath('PID-5'))).to.equal('ł');
    expect([header.sending_facility, facts.sending_facility]).to.deep.equal(['\xb3', 'ł']);
    expect(read).to.deep.equal({ charset: '8859/2', source: 'MSH-18', warning: undefined });
  });

  it('goes by the channel where MSH-18 is empty, and by the bytes where the channel says nothing', () => {
    const reading = { charset: ['8859/2'] };
    expect(readReceived(reading, bytes('', [0xb3])).facts.sending_facility).to.equal('ł');
    expect(readReceived(reading, bytes('8859/1', [0xb3])).facts.sending_facility).to.equal('³');
    const assumed = readReceived({}, bytes('', [0xc5, 0x82]));
    expect(assumed).to.deep.include({ charset: 'UNICODE UTF-8', warning: 'charset-assumed' });
    expect(() => readReceived({}, bytes('', [0xb3]))).to.throw(/UTF-8 \(MSH-18 is empty\).*offset 13/);
  });

  it('finds MSH by the set of the channel where half of a character looks like a delimiter', () => {
    const { header, facts } = readReceived({ charset: ['SHIFT-JIS'] }, bytes('', [0x83, 0x7c]));
    expect([header.code, header.control_id, facts.sending_facility]).to.deep.equal(['ADT', '1', 'ポ']);
  });
});
