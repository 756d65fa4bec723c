import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { decode } from '../../src/hl7/charset.ts';
import { type Finding, MOST_FINDINGS, type Rule, rules } from '../../src/hl7/finding.ts';
import { readHeader } from '../../src/hl7/header.ts';
import { type Message, readMessage } from '../../src/hl7/message.ts';
import { part } from '../../src/hl7/parts.ts';
import { parsePath } from '../../src/hl7/path.ts';
import { validate } from '../../src/hl7/validate.ts';
import { text } from './arbitraries.ts';

const SAMPLES = new URL('../../samples/', import.meta.url);

/** An ADT^A01 with nothing wrong, in the version given. */
const admit = (version: string, ...more: string[]): string[] => [
  `MSH|^~\\&|HIS|RGH|||20260301||ADT^A01${version === '2.3' ? '' : '^ADT_A01'}|1|P|${version}`,
  version < '2.5' ? 'EVN|A01|20260301' : 'EVN||20260301',
  'PID|1||7^^^RGH^MR||Name^Given||1980|F',
  'PV1|1|I',
  ...more,
];

/** An ORU^R01 whose OBX ends as given. */
const result = (version: string, ...obx: string[]): string[] => [
  `MSH|^~\\&|LAB|RGH|||20260301||ORU^R01^ORU_R01|1|P|${version}`,
  'PID|1||7^^^RGH^MR||Name^Given',
  'OBR|1||L1^LAB|718-7^Hemoglobin^LN',
  ...obx.map((rest, i) => `OBX|${i + 1}|${rest}`),
];

/** The same with one field of a segment replaced. */
function withField(lines: string[], name: string, n: number, value: string): string[] {
  return lines.map((line) => {
    if (!line.startsWith(`${name}|`)) return line;
    const fields = line.split('|');
    while (fields.length <= n) fields.push('');
    fields[name === 'MSH' ? n - 1 : n] = value;
    return fields.join('|');
  });
}

const without = (lines: string[], name: string): string[] => lines.filter((line) => !line.startsWith(name));

const read = (lines: readonly string[]): Message => readMessage(`${lines.join('\r')}\r`);

const found = (lines: readonly string[], version = '2.5.1'): string[] =>
  validate(read(lines), version).found.map(({ severity, rule, path, condition }) =>
    [...(severity === 'warning' ? ['warning'] : []), rule, path, condition].join(' '),
  );

/** What breaks each rule, in which version, and what is said of it. Each case is wrong by one thing only. */
const cases: readonly [what: string, version: string, lines: string[], expected: string[]][] = [
  [
    'a structure that nobody knows',
    '2.5.1',
    withField(admit('2.5.1'), 'MSH', 9, 'ADT^A01^ADT_X77'),
    ['not-in-table MSH-9.3 103', 'warning structure-unknown MSH-9 100'],
  ],
  ['a segment that no version has', '2.5.1', admit('2.5.1', 'QQQ|1'), ['segment-unknown QQQ 100']],
  [
    'a segment of HL7 that the structure lacks',
    '2.5.1',
    admit('2.5.1', 'NTE|1||text'),
    ['warning segment-unknown NTE 100'],
  ],
  ['a line that is no segment', '2.5.1', admit('2.5.1', 'and so on'), ['segment-unknown PV1 100']],
  [
    'a segment in the wrong place',
    '2.5.1',
    [...without(admit('2.5.1'), 'EVN'), 'EVN||20260301'],
    ['segment-missing EVN 100', 'segment-out-of-place EVN 100'],
  ],
  ['a segment that is missing', '2.5.1', without(admit('2.5.1'), 'PV1'), ['segment-missing PV1 100']],
  ['a second segment where one may be', '2.5.1', admit('2.5.1', 'PV1|1|I'), ['too-many PV1[2] 100']],
  ['a field that is missing', '2.5.1', withField(admit('2.5.1'), 'PID', 5, ''), ['field-required PID-5 101']],
  [
    'a component that is missing',
    '2.5.1',
    withField(admit('2.5.1'), 'PID', 3, '^^^RGH^MR'),
    ['field-required PID-3.1 101'],
  ],
  [
    'a component that only 2.7 requires',
    '2.7',
    withField(admit('2.7'), 'PID', 3, '7^^^RGH'),
    ['field-required PID-3.5 101'],
  ],
  ['OBX-5 without a type', '2.5.1', result('2.5.1', '|718-7^Hb^LN||12||||||F'), ['field-required OBX-2 101']],
  ['too many repetitions', '2.5.1', withField(admit('2.5.1'), 'PID', 8, 'F~M'), ['field-repeats PID-8 102']],
  ['more repetitions than a number', '2.4', withField(admit('2.4'), 'PID', 3, '1~2'), []],
  [
    'fields beyond the version',
    '2.3',
    withField(admit('2.3'), 'PID', 35, 'x'),
    ['warning field-unknown PID-35 102'],
  ],
  [
    'components beyond the type',
    '2.5.1',
    withField(admit('2.5.1'), 'PID', 3, '7^^^RGH^MR^^^^^^x'),
    ['warning field-unknown PID-3.11 102'],
  ],
  [
    'components of a primitive',
    '2.5.1',
    withField(admit('2.5.1'), 'PID', 23, 'a^b'),
    ['warning field-unknown PID-23.2 102'],
  ],
  [
    'a field for old senders',
    '2.7',
    withField(admit('2.7'), 'PID', 2, '7^^^RGH^MR'),
    ['warning field-backward PID-2 102', 'warning field-unknown PID-2.4 102'],
  ],
  [
    'a text that is too long',
    '2.5.1',
    withField(admit('2.5.1'), 'MSH', 10, '123456789012345678901'),
    ['warning too-long MSH-10 102'],
  ],
  [
    'a code that is too long',
    '2.5.1',
    withField(admit('2.5.1'), 'PV1', 1, '00001'),
    ['too-long PV1-1 102', 'wrong-type PV1-1 102'],
  ],
  [
    'the same in 2.7, where lengths bind nobody',
    '2.7',
    withField(admit('2.7'), 'MSH', 10, '1'.repeat(300)),
    [],
  ],
  [
    'a component that is too long',
    '2.5.1',
    withField(admit('2.5.1'), 'PID', 3, '1234567890123456^^^RGH^MR'),
    ['warning too-long PID-3.1 102'],
  ],
  [
    'a number that is none',
    '2.5.1',
    result('2.5.1', 'NM|718-7^Hb^LN||12 g||||||F'),
    ['wrong-type OBX-5 102'],
  ],
  ['the numbers there are', '2.5.1', result('2.5.1', 'NM|718-7^Hb^LN||-12.~+.5~ 7 ~""||||||F'), []],
  ['a counter that is none', '2.5.1', withField(admit('2.5.1'), 'PID', 1, 'A'), ['wrong-type PID-1 102']],
  [
    'an impossible time stamp',
    '2.5.1',
    withField(admit('2.5.1'), 'EVN', 2, '20260230'),
    ['wrong-type EVN-2.1 102'],
  ],
  [
    'one in a version that calls it TS of text',
    '2.3',
    withField(admit('2.3'), 'EVN', 2, '20260230'),
    ['wrong-type EVN-2.1 102'],
  ],
  [
    'one in a version that has DTM',
    '2.7',
    withField(admit('2.7'), 'EVN', 2, '2026030125'),
    ['wrong-type EVN-2 102'],
  ],
  ['a date with a time', '2.5.1', result('2.5.1', 'DT|1^a^LN||2026030110||||||F'), ['wrong-type OBX-5 102']],
  ['a time that is none', '2.5.1', result('2.5.1', 'TM|1^a^LN||2560||||||F'), ['wrong-type OBX-5 102']],
  [
    'a date in a component',
    '2.5.1',
    withField(admit('2.5.1'), 'PID', 3, '7^^^RGH^MR^^March'),
    ['wrong-type PID-3.7 102'],
  ],
  [
    'a comparator that is none',
    '2.5.1',
    result('2.5.1', 'SN|1^a^LN||!^5||||||F'),
    ['wrong-type OBX-5.1 102'],
  ],
  [
    'a separator that is none',
    '2.5.1',
    result('2.5.1', 'SN|1^a^LN||^1^x^2||||||F'),
    ['wrong-type OBX-5.3 102'],
  ],
  [
    'the structured numbers there are',
    '2.5.1',
    result('2.5.1', 'SN|1^a^LN||>^5~^1^-^2~^1^:^128~<=^.5||||||F'),
    [],
  ],
  [
    'base64 that is none',
    '2.5.1',
    result('2.5.1', 'ED|1^a^LN||X^AP^PDF^Base64^QUJ=D==||||||F'),
    ['wrong-type OBX-5.5 102'],
  ],
  [
    'base64 without its end',
    '2.5.1',
    result('2.5.1', 'ED|1^a^LN||X^AP^PDF^Base64^QUJDRA=||||||F'),
    ['wrong-type OBX-5.5 102'],
  ],
  [
    'hexadecimal that is none',
    '2.5.1',
    result('2.5.1', 'ED|1^a^LN||X^AP^PDF^Hex^414||||||F'),
    ['wrong-type OBX-5.5 102'],
  ],
  [
    'data that is right',
    '2.5.1',
    result('2.5.1', 'ED|1^a^LN||X^AP^PDF^Base64^QUJDRA==~X^AP^PDF^Hex^4142||||||F'),
    [],
  ],
  ['a pointer without its text', '2.5.1', result('2.5.1', 'XX|1^a^LN||x||||||F'), ['not-in-table OBX-2 103']],
  [
    "a code that HL7's table lacks",
    '2.5.1',
    result('2.5.1', 'ST|1^a^LN||x||||||Q'),
    ['not-in-table OBX-11 103'],
  ],
  [
    'one that only a later version has',
    '2.4',
    result('2.4', 'ST|1^a^LN||x||||||A'),
    ['warning not-in-table OBX-11 103'],
  ],
  [
    "a code that the site's table lacks",
    '2.5.1',
    withField(admit('2.5.1'), 'PID', 8, 'Q'),
    ['warning not-in-table PID-8 103'],
  ],
  [
    'a coded value without a system',
    '2.5.1',
    withField(admit('2.5.1'), 'PID', 16, 'Q'),
    ['warning not-in-table PID-16.1 103'],
  ],
  [
    'one with the system of the table',
    '2.5.1',
    withField(admit('2.5.1'), 'PID', 16, 'Q^^HL70002'),
    ['warning not-in-table PID-16.1 103'],
  ],
  ['one with a system of its own', '2.5.1', withField(admit('2.5.1'), 'PID', 16, 'Q^^99RGH'), []],
  ['a local event', '2.5.1', withField(admit('2.5.1'), 'MSH', 9, 'ADT^Z99'), []],
  [
    'an escape character alone',
    '2.5.1',
    withField(admit('2.5.1'), 'PID', 23, 'a\\b'),
    ['warning escape-unknown PID-23 102'],
  ],
  [
    'an escape that nobody knows',
    '2.5.1',
    withField(admit('2.5.1'), 'PID', 23, 'a\\Q\\b'),
    ['warning escape-unknown PID-23 102'],
  ],
  [
    'the escapes there are',
    '2.5.1',
    withField(admit('2.5.1'), 'PID', 23, '\\F\\\\T\\\\X0D0A\\\\.br\\\\.sp+2\\\\Zx\\'),
    [],
  ],
  ['null for a required field', '2.5.1', withField(admit('2.5.1'), 'PID', 5, '""'), []],
  ['local segments, full of whatever', '2.5.1', admit('2.5.1', 'ZZZ|a^b&c~d\\|||||x'), []],
  [
    'another delimiter',
    '2.5.1',
    ['MSH#:*?!#HIS#RGH###20260301##ADT:A01:ADT_A01#1#P#2.5.1', 'EVN##2026', 'PID###7::::MR##N##x', 'PV1##I'],
    ['wrong-type PID-7.1 102'],
  ],
];

describe('validate', () => {
  for (const [what, version, lines, expected] of cases) {
    it(`${expected.length === 0 ? 'lets pass' : 'finds'} ${what}, in ${version}`, () => {
      expect(found(lines, version)).to.deep.equal(expected);
    });
  }

  it('has a case for each rule of the standard', () => {
    const seen = new Set(
      cases.flatMap(([, , , expected]) => expected.map((line) => line.replace('warning ', '').split(' ')[0])),
    );
    const standard = Object.keys(rules).filter((rule) => !rule.startsWith('profile-'));
    expect([...seen].sort()).to.deep.equal(standard.sort());
  });

  it('finds nothing in what is right, in every version', () => {
    for (const version of ['2.3.1', '2.4', '2.5', '2.5.1', '2.6', '2.7', '2.7.1', '2.8', '2.8.2', '2.9']) {
      expect(found(admit(version), version), version).to.deep.equal([]);
    }
  });

  it('says where, by the parts of ERL, and what was expected, never the value', () => {
    const lines = result('2.5.1', 'NM|1^a^LN||1||||||F', 'NM|1^a^LN||1~SECRET||||||F');
    const [finding] = validate(read(lines), '2.5.1').found;
    expect(finding).to.deep.equal({
      severity: 'error',
      rule: 'wrong-type',
      path: 'OBX[2]-5[2]',
      condition: '102',
      segment: 'OBX',
      index: 2,
      field: 5,
      repetition: 2,
      position: 5,
      says: 'expected a number (NM), found other text of 6 characters',
    } satisfies Finding);
  });

  it('goes down to subcomponents', () => {
    const lines = withField(admit('2.5.1'), 'PID', 3, '7^^^RGH&1.2&NOPE^MR');
    expect(found(lines)).to.deep.equal(['not-in-table PID-3.4.3 103']);
  });

  it(`keeps ${MOST_FINDINGS} findings, errors before warnings, and counts the others`, () => {
    const lines = result('2.5.1', ...Array.from({ length: 150 }, () => 'NM|1^a^LN||x\\y||||||F'));
    const { found: kept, more, errors, counts } = validate(read(lines), '2.5.1');
    expect(kept.map(({ severity }) => severity)).to.deep.equal(Array(MOST_FINDINGS).fill('error'));
    expect({ more, errors }).to.deep.equal({ more: 200, errors: 150 });
    expect([...counts]).to.deep.equal([
      ['escape-unknown', 150],
      ['wrong-type', 150],
    ] satisfies [Rule, number][]);
  });

  it('looks at each character a few times at most: what is almost right may be long', () => {
    const digits = '1'.repeat(1_000_000);
    for (const almost of [`NM|1^a^LN||${digits}x`, `DT|1^a^LN||${digits}`, `ST|1^a^LN||\\X${digits}`]) {
      expect(found(result('2.5.1', almost))).to.have.length(2);
    }
  });

  it('leaves out what is not wanted, as if it had not been found', () => {
    const {
      found: kept,
      more,
      errors,
    } = validate(read(withField(admit('2.5.1'), 'PID', 5, '')), '2.5.1', {
      wanted: ({ rule }) => rule !== 'field-required',
    });
    expect({ kept, more, errors }).to.deep.equal({ kept: [], more: 0, errors: 0 });
  });

  it('never throws, whatever comes, and names places that the message has', () => {
    const samples = readdirSync(SAMPLES)
      .filter((file) => file.endsWith('.hl7'))
      .map((file) => {
        const bytes = readFileSync(new URL(file, SAMPLES));
        return decode(bytes, readHeader(bytes).charset).text;
      });
    const mutated = fc
      .tuple(fc.constantFrom(...samples), fc.array(fc.tuple(fc.nat(), fc.nat(12), text), { maxLength: 8 }))
      .map(([sample, edits]) =>
        edits.reduce((whole, [at, length, put]) => {
          const start = 10 + (at % (whole.length - 9));
          return whole.slice(0, start) + put + whole.slice(start + length);
        }, sample),
      );
    const whatever = text.map((rest) => `MSH|^~\\&|${rest}`);
    const version = fc.constantFrom('', '2.1', '2.3', '2.4', '2.5.1', '2.7', '2.8', '2.9', 'x');
    fc.assert(
      fc.property(fc.oneof(mutated, whatever), version, (raw, read_as) => {
        const message = readMessage(raw);
        for (const finding of validate(message, read_as).found) expectThere(finding, message);
      }),
      { numRuns: 200 },
    );
  });
});

function expectThere(finding: Finding, message: Message): void {
  const { path, rule, segment: name, index, field, repetition, component, subcomponent } = finding;
  if (field === undefined) expect(path).to.match(/^[A-Z][A-Z0-9]{2}(\[\d+\])?$/);
  else expect(parsePath(path)).to.include({ segment: name, index, field, component, subcomponent });
  if (rule === 'segment-missing') return;
  const segment = message.all(name)[index - 1];
  expect(segment, path).to.not.equal(undefined);
  if (field === undefined || rule === 'field-required') return;
  const { delimiters } = message;
  let raw = segment!.field(field);
  if (repetition !== undefined) raw = part(raw, delimiters.repetition, repetition);
  if (component !== undefined && component > 1) raw = part(raw, delimiters.component, component);
  expect(raw, path).to.not.equal('');
}
