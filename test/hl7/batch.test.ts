import { expect } from 'chai';
import fc from 'fast-check';
import { type BatchItem, createBatchReader, isBatch, readBatch, streamBatch } from '../../src/hl7/batch.ts';
import { splitMessages } from '../../src/hl7/split.ts';

const A = 'MSH|^~\\&|A\rPID|1\r';
const B = 'MSH|^~\\&|B\rPID|2\r';
const FHS = 'FHS|^~\\&|LAB|CLINIC|PIPEHAT|RGH|2026||||F1\r';
const BHS = 'BHS|^~\\&|LAB|CLINIC|PIPEHAT|RGH|2026||||B1\r';

const read = (text: string) => readBatch(Buffer.from(text, 'latin1'));
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

/** Each finding as code, place, line and byte. */
const findings = (text: string) =>
  read(text).flatMap((item) =>
    item.kind === 'finding'
      ? [[item.error.code, item.error.at, item.error.facts['line'], item.error.facts['offset']]]
      : [],
  );

const messages = (items: readonly BatchItem[]) =>
  items.flatMap((item) => (item.kind === 'message' ? [textOf(item.bytes)] : []));

/** The order of what is there, in a word each. */
const outline = (text: string) =>
  read(text).map((item) => {
    if (item.kind === 'open') return `+${item.header.level}`;
    return item.kind === 'close' ? `-${item.level}` : item.kind;
  });

describe('hl7 batch', () => {
  it('reads a file with batches, a batch alone, and messages alone', () => {
    expect(outline(`${FHS}${BHS}${A}${B}BTS|2\r${BHS}${A}BTS|1\rFTS|2\r`)).to.deep.equal([
      ...['+file', '+batch', 'message', 'message', '-batch', '+batch', 'message', '-batch', '-file'],
    ]);
    expect(outline(`${BHS}${A}BTS|1`)).to.deep.equal(['+batch', 'message', '-batch']);
    expect(outline(`${A}${B}`)).to.deep.equal(['message', 'message']);
    expect(outline(`\x0b${FHS}${BHS}${A}BTS|1\rFTS|1\r\x1c\r`)).to.deep.equal([
      ...['+file', '+batch', 'message', '-batch', '-file'],
    ]);
    expect(outline(`${BHS}BTS|0\r${BHS}${A}BTS|1\r`)).to.have.length(5);
  });

  it('gives what headers say, and where each thing stands', () => {
    const [file, batch, message] = read(`${FHS}BHS#:*?!#X:1#F##G#2026####B9\r\n${A}BTS#1\rFTS|1\r`);
    expect(file).to.deep.include({ kind: 'open' });
    expect(file?.kind === 'open' && file.header).to.deep.include({
      ...{
        level: 'file',
        addresses: ['LAB', 'CLINIC', 'PIPEHAT', 'RGH'],
        control_id: 'F1',
        line: 1,
        offset: 0,
      },
    });
    expect(batch?.kind === 'open' && batch.header).to.deep.include({
      ...{ level: 'batch', addresses: ['X:1', 'F', '', 'G'], control_id: 'B9', line: 2, offset: FHS.length },
    });
    expect(batch?.kind === 'open' && batch.header.delimiters).to.include({ field: '#', component: ':' });
    expect(message).to.include({ line: 3 });
    const lonely = read('BHS\rBTS|0\r')[0];
    expect(lonely?.kind === 'open' && lonely.header.delimiters.field).to.equal('|');
  });

  it('finds a count that differs, with place, line and byte', () => {
    const cut = `${BHS}${A}`;
    expect(findings(`${cut}BTS|2\r`)).to.deep.equal([['batch-count-wrong', 'BTS-1', 4, cut.length]]);
    expect(findings(`${BHS}${A}${B}BTS|1\r`)).to.deep.equal([
      ['batch-count-wrong', 'BTS-1', 6, `${BHS}${A}${B}`.length],
    ]);
    const second = `${FHS}${BHS}${A}BTS|1\r${BHS}${A}`;
    expect(findings(`${second}BTS|3\rFTS|2\r`)).to.deep.equal([
      ['batch-count-wrong', 'BTS[2]-1', 9, second.length],
    ]);
    expect(findings(`${FHS}${BHS}${A}BTS|1\rFTS|2\r`)[0]).to.include.members(['batch-count-wrong', 'FTS-1']);
    const [finding] = read(`${BHS}${A}BTS|2\r`).filter((item) => item.kind === 'finding');
    expect(finding?.error.message).to.equal(
      `expected 2 messages in the batch, as BTS-1 says, found 1 (line 4, byte ${cut.length})`,
    );
  });

  it('counts messages, and not the text between them', () => {
    expect(findings(`${BHS}Dear lab\r${A}BTS|1\r`)).to.deep.equal([]);
    expect(messages(read(`${BHS}Dear lab\r${A}BTS|1\r`))).to.deep.equal(['Dear lab\r', A]);
  });

  it('takes messages of a file in no batch for one batch together', () => {
    expect(findings(`${FHS}${A}${B}FTS|1\r`)).to.deep.equal([]);
    expect(findings(`${FHS}${A}${BHS}${B}BTS|1\r${A}FTS|3\r`)).to.deep.equal([]);
    expect(findings(`${FHS}${A}${B}FTS|2\r`)).to.have.length(1);
  });

  it('lets a count be empty or left out, but not be something else', () => {
    for (const end of ['BTS\r', 'BTS|\r', 'BTS||done\r', 'BTS| 1 \r', 'BTS|001']) {
      expect(findings(`${BHS}${A}${end}`), end).to.deep.equal([]);
    }
    for (const end of ['BTS|one\r', 'BTS|-1\r', 'BTS|1.0\r', 'BTS#1\r', 'BTS|1^2\r']) {
      expect(findings(`${BHS}${A}${end}`), end).to.deep.equal([
        ['batch-count-unreadable', 'BTS-1', 4, `${BHS}${A}`.length],
      ]);
    }
  });

  it('finds a missing trailer at the end, before the next header, and at the end of the file', () => {
    const missing = (trailer: string, line: number, offset: number) => [
      ...['batch-trailer-missing', trailer, line, offset],
    ];
    expect(findings(`${BHS}${A}`)).to.deep.equal([missing('BTS', 1, 0)]);
    expect(findings(`${BHS}${A}${BHS}${B}BTS|1\r`)).to.deep.equal([missing('BTS', 1, 0)]);
    expect(findings(`${FHS}${BHS}${A}`)).to.deep.equal([missing('BTS', 2, FHS.length), missing('FTS', 1, 0)]);
    expect(findings(`${FHS}${BHS}${A}FTS|1\r`)).to.deep.equal([missing('BTS', 2, FHS.length)]);
    expect(findings(`${FHS}${BHS}${A}BTS|1\r${FHS}FTS|0\r`)).to.deep.equal([missing('FTS', 1, 0)]);
  });

  it('finds a trailer without header', () => {
    expect(findings(`${A}BTS|1\r`)).to.deep.equal([['batch-header-missing', 'BTS', 3, A.length]]);
    expect(findings(`${BHS}${A}BTS|1\rFTS|1\r`)[0]).to.include.members(['batch-header-missing', 'FTS']);
    expect(findings(`${FHS}${A}BTS|1\rFTS|1\r`)[0]).to.include.members(['batch-header-missing', 'BTS']);
  });

  it('finds a start block that no end block follows', () => {
    expect(findings(`\x0b${A}\x1c\r\x0b${B}`)).to.deep.equal([
      ['batch-block-unfinished', undefined, 4, A.length + 3],
    ]);
    expect(findings(`\x0b${A}\x0b${B}\x1c\r`)).to.deep.equal([['batch-block-unfinished', undefined, 1, 0]]);
    expect(findings(`\x0b${A}\x1c\r\n\x0b${B}\x1c`)).to.deep.equal([]);
  });

  it('finds every cut of a file in envelopes, wherever it was cut', () => {
    const whole = `${FHS}${BHS}${A}${B}BTS|2\r${BHS}${B}BTS|1\rFTS|2`;
    expect(findings(whole)).to.deep.equal([]);
    // Cut before FTS-1, it is whole and says nothing of its count.
    for (let length = 4; length < whole.length - '|2'.length; length++) {
      expect(findings(whole.slice(0, length)), `cut after ${length}`).not.to.deep.equal([]);
    }
  });

  it('gives the same however the bytes are cut', async () => {
    const token = fc.constantFrom(
      ...['MSH|^~\\&|A', 'MSH', 'PID|1', 'BHS|^~\\&', 'BTS|1', 'FTS', 'FHS|', 'x', ' ', '\r', '\n', '\r\n'],
      ...['\x0b', '\x1c', '\x1c\r', '\x0bMSH|', 'é', '\ufeff'],
    );
    const seen = (items: readonly BatchItem[]) =>
      items.map((item) => {
        if (item.kind === 'message') return { ...item, bytes: textOf(item.bytes) };
        return item.kind === 'finding' ? `${item.error.message} ${item.error.at}` : item;
      });
    await fc.assert(
      fc.asyncProperty(fc.array(token, { maxLength: 40 }), fc.array(fc.nat(12)), async (tokens, sizes) => {
        const bytes = Buffer.from(tokens.join(''));
        const streamed = await Array.fromAsync(streamBatch(chunksOf(bytes, sizes)));
        expect(seen(streamed)).to.deep.equal(seen(readBatch(bytes)));
        expect(messages(streamed)).to.deep.equal([...splitMessages(bytes)].map(textOf));
        // Every piece is where it says.
        for (const item of streamed) {
          if (item.kind !== 'message') continue;
          expect(bytes.subarray(item.offset, item.offset + item.bytes.length).equals(item.bytes)).to.equal(
            true,
          );
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('gives a message as soon as the next one begins', async () => {
    const stream = streamBatch(
      (async function* () {
        yield Buffer.from('MSH|1\rPID|1\rMSH|2\r');
        await new Promise(() => undefined);
      })(),
    );
    const first = (await stream.next()).value as BatchItem;
    expect(messages([first])).to.deep.equal(['MSH|1\rPID|1\r']);
  });

  it('copies a long message no more than a few times, however small its chunks', () => {
    const copied = (size: number): number => {
      const reader = createBatchReader();
      const set = Buffer.prototype.set;
      let bytes = 0;
      Buffer.prototype.set = function (this: Buffer, array: ArrayLike<number>, offset?: number) {
        bytes += array.length;
        set.call(this, array, offset);
      };
      try {
        reader.push(Buffer.from('MSH|^~\\&|A\rOBX|1|ED|'));
        for (let sent = 0; sent < size; sent += 100) reader.push(Buffer.alloc(100, 'x'));
        expect(reader.end()).to.have.length(1);
      } finally {
        Buffer.prototype.set = set;
      }
      return bytes;
    };
    expect(copied(1_000_000)).to.be.within(1_000_000, 4_000_000);
  });

  it('knows a batch by its first segment', () => {
    for (const text of [FHS, BHS, 'bhs|', 'BHS#']) expect(isBatch(Buffer.from(text)), text).to.equal(true);
    for (const text of [A, '', 'BHS', 'BTS|1', 'BHSX|', 'FTS|1']) {
      expect(isBatch(Buffer.from(text)), text).to.equal(false);
    }
  });
});

async function* chunksOf(bytes: Buffer, sizes: readonly number[]) {
  let from = 0;
  for (const size of sizes) {
    yield bytes.subarray(from, from + size);
    from += size;
  }
  yield bytes.subarray(from);
}
