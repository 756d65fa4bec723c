/** What has to hold for any bytes whatever. Each check throws an `Error` that says what does not. */
import type { Random } from '../../samples/traffic/random.ts';
import { errors, PipehatError } from '../../src/errors.ts';
import { readAck } from '../../src/hl7/ack.ts';
import { decode } from '../../src/hl7/charset.ts';
import { setValue } from '../../src/hl7/edit.ts';
import { escape, unescape } from '../../src/hl7/escape.ts';
import { readHeader } from '../../src/hl7/header.ts';
import { inspect } from '../../src/hl7/inspect.ts';
import { type Delimiters, type Message, readMessage } from '../../src/hl7/message.ts';
import { formatPath, type Path, parsePath } from '../../src/hl7/path.ts';
import { type Group, readGroups } from '../../src/hl7/structure.ts';
import { createFramer, type FramerEvent } from '../../src/mllp/framing.ts';

/** Runs all checks. */
export function check(bytes: Buffer, random: Random): void {
  checkFramer(bytes, random);
  const header = documented(() => readHeader(bytes));
  const decoded = documented(() => decode(bytes, header?.charset ?? []));
  for (const text of new Set([bytes.toString('latin1'), decoded?.text ?? ''])) {
    documented(() => readAck(text));
    const message = documented(() => readMessage(text));
    if (message !== undefined) checkMessage(message, text, random);
  }
}

/** What `run` gives; undefined where it throws an error of the table. Any other error passes on. */
function documented<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof PipehatError && Object.hasOwn(errors, error.code)) return undefined;
    throw error;
  }
}

function holds(condition: boolean, says: string): void {
  if (!condition) throw new Error(says);
}

function checkMessage(message: Message, text: string, random: Random): void {
  const { segments, delimiters } = message;
  holds(message.text === text, 'the text of a message is not what was read');
  let between = '';
  let at = 0;
  for (const segment of segments) {
    between += text.slice(at, segment.start);
    at = segment.end;
    if (segment.name !== '') checkFields(segment, delimiters);
  }
  holds(/^[\r\n]*$/.test(between + text.slice(at)), 'text stands between segments that belongs to none');
  checkGroups(message, random);
  const paths = [...FIXED, ...Array.from({ length: 3 }, () => randomPath(message, random))];
  for (const path of paths) {
    const values = message.values(path);
    message.isNull(path);
    const value = message.value(path);
    if (value !== '' && path.index !== '*' && path.groups.length === 0) {
      holds(values[0] === value, `the first of many is not the one at ${path.text}`);
    }
  }
  checkEdit(message, random.pick(paths), random);
  checkEscape(text.slice(0, random.integer(0, 300)), delimiters);
  if (random.chance(0.05)) inspect(message, random.pick(VERSIONS));
}

/** The fields, with their separators, are the segment. */
function checkFields(segment: Message['segments'][number], { field }: Delimiters): void {
  const fields = Array.from({ length: segment.fields + 1 }, (_, n) => segment.field(n));
  const header = /^(MSH|FHS|BHS)$/.test(segment.name);
  if (header) fields.splice(0, 3, fields[0]! + fields[1]! + (fields[2] ?? ''));
  const whole = fields.join(field);
  const own = header && segment.text.length === 3 ? segment.text + field : segment.text;
  holds(whole === own, `the fields of ${segment.name} are not the segment`);
  holds(segment.field(segment.fields + 1) === '', `${segment.name} has a field behind its last`);
  for (let n = 1; n <= segment.fields; n++) segment.repetitions(n);
}

const STRUCTURES = [
  'ADT_A01',
  'ORU_R01',
  'ORM_O01',
  'OML_O21',
  'VXU_V04',
  'SIU_S12',
  'MDM_T02',
  'X',
  '__proto__',
];
const VERSIONS = [
  '2.1',
  '2.3',
  '2.3.1',
  '2.5.1',
  '2.7.1',
  '2.8',
  '2.8.1',
  '2.8.2',
  '2.9',
  '',
  '9.9.9.9',
  'x',
];

function checkGroups(message: Message, random: Random): void {
  const given = readGroups(message, random.pick(STRUCTURES), random.pick(VERSIONS));
  for (const whole of [message.groups(), given]) {
    const found = positionsIn(whole).sort((a, b) => a - b);
    const same = found.length === message.segments.length && found.every((position, i) => position === i + 1);
    holds(same, 'not every segment has one place in the groups');
    for (const { segment, index, position, condition } of whole.misfits) {
      const known = position >= 1 && position <= message.segments.length && index >= 1;
      holds(known && /^(100|101)$/.test(condition), `a misfit of ${segment} has no place`);
    }
  }
}

function positionsIn(group: Group): number[] {
  return [...group.segments.map(({ position }) => position), ...group.groups.flatMap(positionsIn)];
}

const FIXED = [
  ...[
    'MSH-1',
    'MSH-2',
    'MSH-9.2',
    'PID-3[2].4.1',
    'PID-5',
    'OBX[*]-5',
    'OBX[*]-5[*].1',
    'OBX[3]-5',
    'PV1-44',
  ],
  ...['ORDER_OBSERVATION[2].OBX-5', 'PATIENT_RESULT[*].ORDER_OBSERVATION[*].OBSERVATION[*].OBX[*]-5[*]'],
  ...['PATIENT.PID-3[2].4', 'ORDER_OBSERVATION.ZZZ-1', 'INSURANCE[*].IN1-2', 'NO_SUCH_GROUP.PID-3'],
].map(parsePath);

function randomPath(message: Message, random: Random): Path {
  const number = () => (random.chance(0.02) ? 999_999 : random.integer(1, 6));
  const named = message.segments[random.integer(0, message.segments.length - 1)]?.name || 'PID';
  const groups = random.chance(0.3)
    ? [
        {
          name: random.pick(['PATIENT', 'OBSERVATION', 'ORDER', 'PROCEDURE']),
          index: random.chance(0.5) ? number() : ('*' as const),
        },
      ]
    : [];
  const component = random.chance(0.5) ? number() : undefined;
  const path = {
    groups,
    segment: named,
    index: random.chance(0.3) ? ('*' as const) : random.integer(1, 3),
    field: random.chance(0.02) ? 999_999 : random.integer(1, 60),
    repetition: random.chance(0.4) ? number() : undefined,
    component,
    subcomponent: component === undefined || random.chance(0.5) ? undefined : number(),
  };
  return parsePath(formatPath(path));
}

const VALUES = ['', '""', 'x', 'a|b^c~d\\e&f#g', 'two\nlines\rhere', '\\H\\', 'é\u2028€', '\\'];

/** Setting changes the segments that the path means, and nothing around them; and what was set is read. */
function checkEdit(message: Message, path: Path, random: Random): void {
  const value = random.pick(VALUES);
  const after = documented(() => setValue(message, path, value));
  if (after === undefined) return;
  const meant = new Set(message.segmentsAt(path).map(({ position }) => position));
  if (meant.size === 0) {
    holds(after.text === message.text, `${path.text} is not there, and setting it changed the message`);
    return;
  }
  if (!isSound(message.delimiters)) return;
  const kept = message.segments.every(
    (segment, i) => meant.has(segment.position) || after.segments[i]?.text === segment.text,
  );
  holds(
    kept && after.segments.length === message.segments.length,
    `setting ${path.text} changed more than that`,
  );
  // A segment that shapes the message may mean other groups afterwards.
  if (path.groups.length > 0 || path.segment === 'MSH') return;
  const single = path.index !== '*' && path.repetition !== '*';
  if (single) holds(after.value(path) === value, `${path.text} is not what was set`);
}

/** Each of the delimiters another character, none of which an escape sequence is made of. */
function isSound({ field, component, repetition, escape, subcomponent, truncation }: Delimiters): boolean {
  const all = [field, component, repetition, escape, subcomponent, truncation ?? '#'];
  return new Set(all).size === all.length && all.every((one) => one !== '' && !/[\w.+\s]/.test(one));
}

function checkEscape(text: string, delimiters: Delimiters): void {
  const raw = escape(text, delimiters);
  if (isSound(delimiters)) holds(unescape(raw, delimiters) === text, 'text is not read as it was escaped');
  for (const charset of ['', 'UNICODE UTF-8', '8859/1', '8859/5', 'no such set']) {
    const plain = unescape(text, delimiters, charset);
    holds(plain.length <= 20 * text.length, 'text grows beyond measure when it is unescaped');
  }
}

/** The same frames, however the stream is cut. */
function checkFramer(bytes: Buffer, random: Random): void {
  const stream = Buffer.concat([Buffer.from([0x0b]), bytes, Buffer.from([0x1c, 0x0d])]);
  const whole = events(stream, [stream.length]);
  const cuts: number[] = [];
  for (let at = 0; at < stream.length; ) {
    at += random.chance(0.2) ? 1 : random.integer(1, stream.length);
    cuts.push(Math.min(at, stream.length));
  }
  holds(events(stream, cuts) === whole, 'the framer gives other frames when the stream is cut otherwise');
}

/** All but junk, which may come in more pieces, as one text. */
function events(stream: Buffer, cuts: readonly number[]): string {
  const framer = createFramer({ max_bytes: 1_000_000 });
  const found: FramerEvent[] = [];
  let at = 0;
  for (const cut of cuts) {
    found.push(...framer.push(Buffer.from(stream.subarray(at, cut))));
    at = cut;
  }
  found.push(...framer.end());
  return found
    .map((event) => ('bytes' in event ? `${event.kind} ${event.bytes.toString('latin1')}` : ''))
    .filter((text) => text !== '')
    .join('\0');
}
