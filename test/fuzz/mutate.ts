/** What happens to messages on their way, and worse. */
import type { Random } from '../../samples/traffic/random.ts';

/** Bytes that were changed, and how. */
export interface Mutated {
  readonly bytes: Buffer;
  readonly did: readonly string[];
}

/** Samples grow by insertions and duplications; beyond this they are cut, so that a run stays short. */
const MOST_BYTES = 8192;

/** What HL7 and MLLP give a meaning to. */
const TOKENS = [
  ...['|', '^', '~', '\\', '&', '#', '""', '\r', '\n', '\r\n', '\0', '\x0b', '\x1c', '\x1c\r', '\x1b$B', ' '],
  ...[
    '\\F\\',
    '\\E\\',
    '\\X0D0A\\',
    '\\XE4F6\\',
    '\\.br\\',
    '\\.sp3\\',
    '\\.ce\\',
    '\\H\\',
    '\\Z99\\',
    '\\C2842\\',
  ],
  ...[
    '\\M2442\\',
    '\\M242844\\',
    '\\C2D4C\\',
    'MSH|^~\\&|',
    'MSH|^~\\&#|',
    '\rPID|',
    '\rOBX|',
    '\rOBR|',
    '\rZZZ|',
  ],
  ...[
    '\rMSA|AA|1',
    '\rERR|',
    '\rBTS|',
    '\xff\xfe',
    '\xef\xbb\xbf',
    '\xc3',
    '\xe2\x80\xa8',
    'ORU^R01^ORU_R01',
    '2.8.2',
  ],
].map((token) => Buffer.from(token, 'latin1'));

const DELIMITERS = Buffer.from('|^~\\&#\r\n', 'latin1');

type Mutation = (bytes: Buffer, samples: readonly Buffer[], random: Random) => Buffer;

/** Replaces `length` bytes from `at` on. */
function replace(bytes: Buffer, at: number, length: number, by: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + length)]);
}

/** A stretch of `bytes`, short ones more often than long ones. */
function stretch(bytes: Buffer, random: Random): { at: number; length: number } {
  const at = random.integer(0, bytes.length);
  const most = random.chance(0.8) ? 16 : bytes.length;
  return { at, length: random.integer(0, Math.min(most, bytes.length - at)) };
}

const mutations: Readonly<Record<string, Mutation>> = {
  flip(bytes, _, random) {
    const flipped = Buffer.from(bytes);
    for (let times = random.integer(1, 4); times > 0 && flipped.length > 0; times--) {
      flipped[random.integer(0, flipped.length - 1)]! ^= 1 << random.integer(0, 7);
    }
    return flipped;
  },
  delete(bytes, _, random) {
    const { at, length } = stretch(bytes, random);
    return replace(bytes, at, length, Buffer.alloc(0));
  },
  insert(bytes, _, random) {
    const token = random.pick(TOKENS);
    const times = random.chance(0.05) ? random.integer(1, 500) : 1;
    return replace(bytes, random.integer(0, bytes.length), 0, Buffer.concat(new Array(times).fill(token)));
  },
  noise(bytes, _, random) {
    const noise = Buffer.from(Array.from({ length: random.integer(1, 12) }, () => random.integer(0, 255)));
    return replace(bytes, random.integer(0, bytes.length), 0, noise);
  },
  duplicate(bytes, _, random) {
    const { at, length } = stretch(bytes, random);
    return replace(bytes, random.integer(0, bytes.length), 0, bytes.subarray(at, at + length));
  },
  splice(bytes, samples, random) {
    const other = random.pick(samples);
    return Buffer.concat([
      bytes.subarray(0, random.integer(0, bytes.length)),
      other.subarray(random.integer(0, other.length)),
    ]);
  },
  delimiters(bytes, _, random) {
    const from = random.pick([...DELIMITERS]);
    const to = random.chance(0.7) ? random.pick([...DELIMITERS]) : random.integer(0, 255);
    return Buffer.from(bytes.map((byte) => (byte === from ? to : byte === to ? from : byte)));
  },
  truncate(bytes, _, random) {
    return bytes.subarray(0, random.integer(0, bytes.length));
  },
};

const NAMES = Object.keys(mutations);

/** One of the samples, changed one to four times. */
export function mutate(samples: readonly Buffer[], random: Random): Mutated {
  let bytes = random.pick(samples);
  const did: string[] = [];
  for (let times = random.integer(1, 4); times > 0; times--) {
    const name = random.pick(NAMES);
    bytes = mutations[name]!(bytes, samples, random).subarray(0, MOST_BYTES);
    did.push(name);
  }
  return { bytes, did };
}
