import { expect } from 'chai';
import fc from 'fast-check';
import { streamMessages } from '../../src/commands/message-stream.ts';
import { splitMessages } from '../../src/hl7/split.ts';

describe('message stream', () => {
  async function* chunks(bytes: Buffer, sizes: readonly number[]) {
    let from = 0;
    for (const size of sizes) {
      yield bytes.subarray(from, from + size);
      from += size;
    }
    yield bytes.subarray(from);
  }

  const texts = (messages: readonly Uint8Array[]) =>
    messages.map((message) => Buffer.from(message).toString());

  it('gives the same messages however the bytes are cut', async () => {
    const token = fc.constantFrom(
      ...['MSH|^~\\&|A', 'MSH', 'PID|1', 'BHS|^~\\&', 'BTS|1', 'FTS', 'FHS|', 'x', ' ', '\r', '\n', '\r\n'],
      ...['\x0b', '\x1c', '\x1c\r', '\x0bMSH|', 'é', '\ufeff'],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(token, { maxLength: 40 }), fc.array(fc.nat(12)), async (tokens, sizes) => {
        const bytes = Buffer.from(tokens.join(''));
        const streamed = await Array.fromAsync(streamMessages(chunks(bytes, sizes)));
        expect(texts(streamed)).to.deep.equal(texts([...splitMessages(bytes)]));
      }),
      { numRuns: 1000 },
    );
  });

  it('gives a message as soon as the next one begins', async () => {
    const stream = streamMessages(
      (async function* () {
        yield Buffer.from('MSH|1\rPID|1\rMSH|2\r');
        await new Promise(() => undefined);
      })(),
    );
    const first = await stream.next();
    expect(Buffer.from(first.value as Uint8Array).toString()).to.equal('MSH|1\rPID|1\r');
  });
});
