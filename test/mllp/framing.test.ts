import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import { createFramer, type FramerEvent, frame } from '../../src/mllp/framing.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** What a framer makes of a stream that comes in these pieces. Junk in a row is one. */
function events(pieces: readonly Buffer[], max_bytes = 1000): [string, string][] {
  const framer = createFramer({ max_bytes });
  const found: [string, string][] = [];
  let junk = { count: 0, blank: true };
  const tellJunk = (): void => {
    if (junk.count > 0) found.push(['junk', `${junk.count}${junk.blank ? ' blank' : ''}`]);
    junk = { count: 0, blank: true };
  };
  for (const event of [...pieces.flatMap((piece) => framer.push(piece)), ...framer.end()]) {
    if (event.kind === 'junk') {
      junk = { count: junk.count + event.count, blank: junk.blank && event.blank };
    } else {
      tellJunk();
      found.push([event.kind, event.bytes.toString('latin1')]);
    }
  }
  tellJunk();
  return found;
}

/** `stream` cut at the given places (any numbers). */
function cut(stream: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set([0, ...places.map((place) => place % (stream.length + 1)), stream.length])];
  at.sort((a, b) => a - b);
  return at.slice(1).map((end, i) => stream.subarray(at[i], end));
}

function endsBlock(whole: Buffer): boolean {
  return whole.subarray(-2).equals(bytes('\x1c\r'));
}

/** Streams with many more blocks and halves of blocks than chance would give. */
const stream = fc
  .array(fc.constantFrom('\x0b', '\x1c', '\r', '\x1c\r', '\r\x0b', '\n', 'MSH|', 'M', 'S', 'a', ' '), {
    maxLength: 40,
  })
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

  it('begins anew where a start block comes twice', () => {
    expect(events([bytes('\x0b\x0bMSH|1\r\x1c\r')])).to.deep.equal([
      ['junk', '1 blank'],
      ['frame', 'MSH|1\r'],
    ]);
    expect(events([bytes('\x0ba\x0b\x0bb\x1c\r')])).to.deep.equal([['frame', 'a\x0b\x0bb']]);
  });

  it('ends a message at the next start block, as soon as that comes', () => {
    const framer = createFramer({ max_bytes: 1000 });
    for (const end of ['\r', '\r\n', '\r\x1c']) {
      framer.push(bytes(`\x0bMSH|1${end}`));
      expect(framer.push(bytes('\x0b'))).to.deep.equal([{ kind: 'unfinished', bytes: bytes(`MSH|1${end}`) }]);
      framer.push(bytes('\x1c\r'));
    }
  });

  it('finds a message without start block at the start of a line, and where it ends', () => {
    expect(events([bytes('MSH|1\rPID\r\x1c\r\r\nMSH|2\r\x1c\r\x0bMSH|3\r\x1c\r')])).to.deep.equal([
      ['unstarted', 'MSH|1\rPID\r'],
      ['junk', '2 blank'],
      ['unstarted', 'MSH|2\r'],
      ['frame', 'MSH|3\r'],
    ]);
    expect(events([bytes('GET /\r\nMSH|1\r\x0bMSH|2\r\x1c\r')])).to.deep.equal([
      ['junk', '7'],
      ['unstarted', 'MSH|1\r'],
      ['frame', 'MSH|2\r'],
    ]);
    expect(events([bytes(' MSH|1\rPID')])).to.deep.equal([
      ['junk', '1 blank'],
      ['unstarted', 'MSH|1\rPID'],
    ]);
    expect(events([bytes('a MSH|1\rMMSH|\r MS')])).to.deep.equal([['junk', '17']]);
    expect(events([bytes('MSH|123456\r')], 5)).to.deep.equal([['too-large', 'MSH|12']]);
  });

  it('gives the same events however the stream is cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), fc.nat(20), (whole, places, max_bytes) => {
        expect(events(cut(whole, places), max_bytes)).to.deep.equal(events([whole], max_bytes));
      }),
      { numRuns: 5000 },
    );
  });

  it('takes any bytes whatever, and throws nothing', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.nat()),
        fc.nat(50),
        (any, places, max_bytes) => {
          const whole = Buffer.from(any);
          expect(events(cut(whole, places), max_bytes)).to.deep.equal(events([whole], max_bytes));
        },
      ),
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
        // A start block comes before all but `unstarted`, an end block after `frame` and most of `unstarted`.
        const text = out.map((event) => (event.kind === 'junk' ? event.count : event.bytes.length));
        const blocks = whole.length - text.reduce((sum, count) => sum + count, 0);
        const least = { frame: 3, unfinished: 1, unstarted: 0, 'too-large': 0, junk: 0 };
        const most = { ...least, unstarted: 2 };
        const sum = (of: typeof least) => out.reduce((sum, { kind }) => sum + of[kind], 0);
        expect(blocks).to.be.within(sum(least), sum(most));
        expect(inside).to.equal(
          ['unfinished', 'unstarted'].includes(out.at(-1)?.kind ?? '') && !endsBlock(whole),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('looks at each byte a few times only, whatever the stream', () => {
    // Steps, not time: a stream twice as long makes twice as many searches, and they never go over the same bytes again.
    const searched = (text: string, times: number): number => {
      let bytes_searched = 0;
      const chunk = bytes(text.repeat(times));
      const search = chunk.indexOf.bind(chunk) as (what: Buffer, from: number) => number;
      chunk.indexOf = ((what: Buffer, from: number) => {
        const found = search(what, from);
        bytes_searched += (found === -1 ? chunk.length : found) - from + 1;
        return found;
      }) as typeof chunk.indexOf;
      createFramer({ max_bytes: 1e9 }).push(chunk);
      return bytes_searched / chunk.length;
    };
    for (const text of [
      '\r\x0b',
      '\x0ba',
      '\x0b\x1c\r',
      '\x1c',
      'MSH\x1c\r',
      '\x0bMSH|\r\x1c',
      'MS',
      '\x0b',
    ]) {
      expect(searched(text, 5000), JSON.stringify(text)).to.be.lessThan(4);
    }
  });

  it('holds as much memory as there are bytes, however small the pieces', () => {
    const framer = createFramer({ max_bytes: 1e9 });
    framer.push(bytes('\x0b'));
    const before = process.memoryUsage().heapUsed;
    const piece = bytes('a');
    for (let i = 0; i < 1_000_000; i++) framer.push(piece);
    expect(framer.held_bytes).to.equal(1_000_000);
    // A Buffer for each would be over 60 MB.
    expect(process.memoryUsage().heapUsed - before).to.be.lessThan(40_000_000);
    expect(framer.push(bytes('\x1c\r'))).to.deep.equal([
      { kind: 'frame', bytes: Buffer.alloc(1_000_000, 'a') },
    ]);
  });

  it('reads back what it framed, or refuses to frame it', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), (text, places) => {
        let framed: Buffer;
        try {
          framed = frame(text);
        } catch (error) {
          expect(error).to.be.instanceOf(PipehatError).with.property('code', 'mllp-text-not-framable');
          expect(text.toString('latin1')).to.match(/(?:^|[\r\n\x1c])\x0b|\x1c\r/);
          return;
        }
        expect(events(cut(framed, places))).to.deep.equal([['frame', text.toString('latin1')]]);
      }),
      { numRuns: 2000 },
    );
  });
});
