import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import { createFramer, type FramerEvent, frame } from '../../src/mllp/framing.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** What a framer makes of a stream that comes in these pieces. Junk in a row is one. */
function events(pieces: readonly Buffer[], max_bytes = 1000): (string | [string, string])[] {
  const framer = createFramer({ max_bytes });
  return [...pieces.flatMap((piece) => framer.push(piece)), ...framer.end()]
    .map((event): string | [string, string] =>
      event.kind === 'junk' ? 'junk' : [event.kind, event.bytes.toString('latin1')],
    )
    .filter((event, i, all) => event !== 'junk' || all[i - 1] !== 'junk');
}

/** `stream` cut at the given places (any numbers). */
function cut(stream: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set([0, ...places.map((place) => place % (stream.length + 1)), stream.length])];
  at.sort((a, b) => a - b);
  return at.slice(1).map((end, i) => stream.subarray(at[i], end));
}

/** Streams with many more blocks and halves of blocks than chance would give. */
const stream = fc
  .array(fc.constantFrom('\x0b', '\x1c', '\r', '\x1c\r', '\r\x0b', '\n', 'MSH|', 'a'), { maxLength: 40 })
  .map((parts) => bytes(parts.join('')));

describe('mllp framing', () => {
  it('finds many frames in one chunk, and one frame in many', () => {
    const whole = bytes('\x0bMSH|1\r\x1c\r\x0bMSH|2\r\x1c\r');
    const frames = [
      ['frame', 'MSH|1\r'],
      ['frame', 'MSH|2\r'],
    ];
    expect(events([whole])).to.deep.equal(frames);
    expect(events([...whole].map((byte) => Buffer.from([byte])))).to.deep.equal(frames);
  });

  it('gives an empty frame as one', () => {
    expect(events([bytes('\x0b\x1c\r')])).to.deep.equal([['frame', '']]);
  });

  it('counts what stands outside of frames, and tells keep-alives from junk', () => {
    const framer = createFramer({ max_bytes: 10 });
    expect(framer.push(bytes('\r\n\0\x0bA\x1c\r\nGET / \x0b'))).to.deep.equal([
      { kind: 'junk', count: 3, blank: true },
      { kind: 'frame', bytes: bytes('A') },
      { kind: 'junk', count: 7, blank: false },
    ]);
    expect(framer.inside).to.equal(true);
  });

  it('ends a frame at 1C 0D only', () => {
    expect(events([bytes('\x0ba\x1cb\x1c\x1c\r')])).to.deep.equal([['frame', 'a\x1cb\x1c']]);
  });

  it('keeps 0B within a line, and never lets two messages pass as one', () => {
    expect(events([bytes('\x0ba\x0bb\r\x1c\r')])).to.deep.equal([['frame', 'a\x0bb\r']]);
    expect(events([bytes('\x0bMSH|1\r\x0bMSH|2\r\x1c\r')])).to.deep.equal([
      ['unfinished', 'MSH|1\r'],
      ['frame', 'MSH|2\r'],
    ]);
    expect(events([bytes('\x0bMSH|1\r\x1c\x0bMSH|2\r\x1c\r')])).to.deep.equal([
      ['unfinished', 'MSH|1\r\x1c'],
      ['frame', 'MSH|2\r'],
    ]);
  });

  it('gives what never ended as unfinished', () => {
    expect(events([bytes('\x0bMSH|1\r\x1c')])).to.deep.equal([['unfinished', 'MSH|1\r\x1c']]);
  });

  it('takes a frame of the greatest size, and refuses a greater one before it ends', () => {
    expect(events([bytes('\x0b12345\x1c'), bytes('\r')], 5)).to.deep.equal([['frame', '12345']]);
    const framer = createFramer({ max_bytes: 5 });
    expect(framer.push(bytes('\x0b12345'))).to.deep.equal([]);
    expect(framer.push(bytes('6'))).to.deep.equal([{ kind: 'too-large', bytes: bytes('123456') }]);
    expect(framer.push(bytes('\x1c\r\x0bA\x1c\r'))).to.deep.equal([]);
    expect(framer.end()).to.deep.equal([]);
  });

  it('gives the same events however the stream is cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), fc.nat(20), (whole, places, max_bytes) => {
        const uncut = events([whole], max_bytes).filter(([kind]) => kind !== 'too-large');
        const pieces = events(cut(whole, places), max_bytes).filter(([kind]) => kind !== 'too-large');
        expect(pieces).to.deep.equal(uncut);
      }),
      { numRuns: 2000 },
    );
  });

  it('loses no byte', () => {
    fc.assert(
      fc.property(stream, (whole) => {
        const framer = createFramer({ max_bytes: 1000 });
        const out: FramerEvent[] = framer.push(whole);
        const { inside } = framer;
        out.push(...framer.end());
        const blocks = { frame: 3, unfinished: 1, 'too-large': 0 };
        const seen = out.map((event) =>
          event.kind === 'junk' ? event.count : event.bytes.length + blocks[event.kind],
        );
        expect(seen.reduce((sum, count) => sum + count, 0)).to.equal(whole.length);
        expect(inside).to.equal(out.at(-1)?.kind === 'unfinished');
      }),
      { numRuns: 2000 },
    );
  });

  it('reads back what it framed, or refuses to frame it', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), (text, places) => {
        let framed: Buffer;
        try {
          framed = frame(text);
        } catch (error) {
          expect(error).to.be.instanceOf(PipehatError).with.property('code', 'mllp-text-not-framable');
          expect(text.toString('latin1')).to.match(/[\r\x1c]\x0b|\x1c\r/);
          return;
        }
        expect(events(cut(framed, places))).to.deep.equal([['frame', text.toString('latin1')]]);
      }),
      { numRuns: 2000 },
    );
  });
});
