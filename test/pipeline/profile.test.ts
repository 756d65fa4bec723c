import { expect } from 'chai';
import { compileProfiles } from '../../src/config/compile-profile.ts';
import { rules } from '../../src/hl7/finding.ts';
import { readMessage } from '../../src/hl7/message.ts';
import { findingsIn, validated } from '../../src/pipeline/validation.ts';
import { formatProblem } from '../../src/problem.ts';
import { readYaml } from '../../src/yaml.ts';

/** The profile `p` of the lines given, and whatever else stands in further files. */
function profileOf(text: string, ...more: string[]) {
  const files = [`profile: p\ndescription: Of a test.\n${text}`, ...more];
  const { profiles, problems } = compileProfiles(
    files.map((each, i) => readYaml(`profiles/${i}.yaml`, each)),
  );
  expect(problems.map(formatProblem)).to.deep.equal([]);
  return profiles.get('p')!;
}

const ADMIT = [
  'MSH|^~\\&|HIS|RGH|||20260301||ADT^A01^ADT_A01|1|P|2.5.1',
  'EVN||20260301',
  'PID|1||7^^^RGH^MR~8^^^SSA^SS||Name^Given||1980|F',
  'PV1|1|I|||||||||||||||||V12^^^RGH',
];

const read = (lines: readonly string[]) => readMessage(`${lines.join('\r')}\r`);

const found = (text: string, lines = ADMIT): string[] =>
  findingsIn(read(lines), '2.5.1', profileOf(text)).found.map(
    ({ rule, path, condition }) => `${rule} ${path} ${condition}`,
  );

/** Each line of a profile, with what the message above breaks of it. */
const cases: readonly [profile: string, expected: string[], lines?: string[]][] = [
  ['segments: { PV2: required }', ['profile-segment PV2 100']],
  ['segments: { PV1: required, NK1: forbidden }', []],
  ['segments: { PV1: forbidden }', ['profile-segment PV1 100']],
  ['segments: { SCH: allowed }', [], [...ADMIT, 'NTE|1'].map((line) => line.replace('NTE|1', 'ZPI|1'))],
  ['segments: { NTE: allowed }', [], [...ADMIT, 'NTE|1']],
  ['segments: {}', ['segment-unknown NTE 100'], [...ADMIT, 'NTE|1']],
  ['fields: { PID-6: { required: true } }', ['profile-required PID-6 101']],
  ['fields: { PID-3.4: { required: true } }', []],
  ['fields: { "PID-3[2].6": { required: true } }', ['profile-required PID-3[2].6 101']],
  [
    'fields: { PID-3.6: { required: true } }',
    ['profile-required PID-3[1].6 101', 'profile-required PID-3[2].6 101'],
  ],
  ['fields: { PV2-3: { required: true } }', []],
  ['fields: { PID-3.4: { codes: [RGH] } }', ['profile-code PID-3[2].4 103']],
  ['fields: { "PID[1]-3[1].4": { codes: [RGH] } }', []],
  ['fields: { "PID[2]-3": { codes: [X] } }', []],
  ['fields: { PV1-19: { codes: [V12] } }', []],
  ['fields: { PID-5: { max_length: 3 } }', ['profile-length PID-5 102']],
  ['fields: { PID-5.2: { max_length: 5 } }', []],
  ['fields: { PV1-19: { pattern: "V[0-9]" } }', ['profile-pattern PV1-19 102']],
  ['fields: { PV1-19: { pattern: "V[0-9]+" } }', []],
  ['fields: { PID-8: { codes: [M], when: MSH-9.2 == "A01" } }', ['profile-code PID-8 103']],
  ['fields: { PID-8: { codes: [M], when: MSH-9.2 == "A03" } }', []],
  ['fields: { PID-8: { codes: [M], when: int(PID-5) > 3 } }', ['profile-failed PID-8 102']],
  ['fields: { PID-16: { system: HL70002 } }', ['profile-code PID-16 103'], withMarried('M^Married^99X')],
  ['fields: { PID-16: { system: [HL70002, 99X] } }', [], withMarried('M^Married^99X')],
  ['fields: { PID-16: { system: HL70002 } }', ['profile-code PID-16 103'], withMarried('M')],
  ['fields: {}', ['not-in-table PID-16.1 103'], withMarried('Q')],
  ['fields: { PID-16: { codes: [Q] } }', [], withMarried('Q')],
  ['off: [not-in-table PID-16]', [], withMarried('Q')],
  ['off: [not-in-table PID]', [], withMarried('Q')],
  ['off: [not-in-table]', [], withMarried('Q')],
  ['off: [not-in-table PID-1, too-long PID-16]', ['not-in-table PID-16.1 103'], withMarried('Q')],
];

function withMarried(value: string): string[] {
  return ADMIT.map((line) => (line.startsWith('PID') ? `${line}||||||||${value}` : line));
}

describe('profiles', () => {
  for (const [text, expected, lines] of cases) {
    it(`${text}: ${expected.join(', ') || 'nothing'}`, () => {
      expect(found(text, lines)).to.deep.equal(expected);
    });
  }

  it('have a case for each of their rules', () => {
    const seen = new Set(cases.flatMap(([, expected]) => expected.map((line) => line.split(' ')[0])));
    const own = Object.keys(rules).filter((rule) => rule.startsWith('profile-'));
    expect([...seen].filter((rule) => rule?.startsWith('profile-')).sort()).to.deep.equal(own.sort());
  });

  it('say what was expected, never what was found', () => {
    const profile = profileOf('fields: { PID-5: { codes: [A, B], max_length: 3, pattern: "[A-Z]+" } }');
    const says = findingsIn(read(ADMIT), '2.5.1', profile).found.map((finding) => finding.says);
    expect(says).to.deep.equal([
      'expected one of the 2 codes of the profile, found another',
      'expected at most 3 characters, found 4',
      'expected text of the form [A-Z]+, found other text of 4 characters',
    ]);
  });

  it('hold what they extend, unless they say it themselves', () => {
    const base =
      'profile: base\ndescription: Of all.\nsegments: { PV2: required, NK1: forbidden }\nfields: { PID-8: { codes: [M] }, PID-6: { required: true } }\noff: [too-long]\n';
    const profile = profileOf(
      'extends: base\nsegments: { PV2: allowed }\nfields: { PID-8: { codes: [F] } }\n',
      base,
    );
    const all = findingsIn(read(ADMIT), '2.5.1', profile).found;
    expect(all.map(({ rule, path }) => `${rule} ${path}`)).to.deep.equal(['profile-required PID-6']);
    expect(profile.off).to.have.length(1);
  });
});

describe('validated', () => {
  const header = { version: '2.5.1' };
  const bad = ADMIT.map((line) => line.replace('Name^Given', ''));

  it('looks at nothing where the channel asks for nothing', () => {
    expect(validated(undefined, read(bad), header)).to.equal(undefined);
  });

  it('refuses what has errors where the channel rejects, and only there', () => {
    const reject = validated({ mode: 'reject', profile: undefined }, read(bad), header);
    expect(reject?.refused).to.include({ code: 'message-invalid', at: 'PID-5' });
    expect(reject?.refused?.message).to.equal(
      'expected a message without errors, found 1 error; the first: expected a value (Patient Name), found nothing',
    );
    const warn = validated({ mode: 'warn', profile: undefined }, read(bad), header);
    expect(warn?.refused).to.equal(undefined);
    expect(warn?.findings.errors).to.equal(1);
  });

  it('refuses nothing for warnings', () => {
    const result = validated({ mode: 'reject', profile: undefined }, read(withMarried('Q')), header);
    expect(result?.findings.found).to.have.length(1);
    expect(result?.refused).to.equal(undefined);
  });
});
