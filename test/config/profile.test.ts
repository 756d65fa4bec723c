import { expect } from 'chai';
import { channelWith, compile } from './fixture.ts';

const accept = 'accept: { messages: [ADT^A01, ADT^A08] }';
const used = channelWith(accept, 'accept: { messages: [ADT^A01, ADT^A08], validate: warn, profile: his }');

/** What is said of a profile file. */
const lines = (text: string, more: Readonly<Record<string, string>> = {}): string[] =>
  compile({ ...used, 'profiles/his.yaml': `profile: his\ndescription: HIS.\n${text}`, ...more }).lines;

describe('profile files', () => {
  it('belong to the configuration, and to its hash', () => {
    const one = compile({ ...used, 'profiles/his.yaml': 'profile: his\ndescription: HIS.\n' });
    const other = compile({ ...used, 'profiles/his.yaml': 'profile: his\ndescription: Other.\n' });
    expect(one.lines).to.deep.equal([]);
    expect([...one.configuration!.profiles.keys()]).to.deep.equal(['his']);
    expect(one.configuration!.channels[0]!.accept.validation).to.deep.include({ mode: 'warn' });
    expect(one.configuration!.channels[0]!.accept.validation?.profile?.name).to.equal('his');
    expect(other.configuration!.hash).not.to.equal(one.configuration!.hash);
  });

  it('are looked up by channels', () => {
    expect(
      compile({ ...used, 'profiles/hiss.yaml': 'profile: hiss\ndescription: HIS.\n' }).lines,
    ).to.deep.equal([
      'channels/adt.yaml:4:66 unknown-profile there is no profile "his" (did you mean hiss?)',
      'profiles/hiss.yaml:1:10 warning: unused-profile no channel has "profile: hiss", and no other profile extends it',
    ]);
    const off = channelWith(accept, 'accept: { messages: [ADT^A01, ADT^A08], profile: his }');
    expect(compile({ ...off, 'profiles/his.yaml': 'profile: his\ndescription: HIS.\n' }).lines).to.deep.equal(
      ['channels/adt.yaml:4:50 wrong-value a profile needs "validate: warn" or "validate: reject" beside it'],
    );
  });

  const wrong: readonly (readonly [text: string, line: string])[] = [
    ['segmets: {}', '3:1 unknown-key "segmets" is not a key here (did you mean segments?)'],
    ['segments: { PID: needed }', '3:18 wrong-value "PID" must be one of "required", "allowed", "forbidden"'],
    ['segments: { PIX: required }', '3:13 unknown-segment HL7 has no segment PIX'],
    ['fields: { PID: { required: true } }', '3:11 bad-path expected an HL7 path'],
    ['fields: { PIX-3: { required: true } }', '3:11 unknown-segment HL7 has no segment PIX'],
    ['fields: { PID-99: { required: true } }', '3:11 warning: unknown-field HL7 2.8 has no field PID-99'],
    ['fields: { PID-3: {} }', '3:11 missing-key expected one of the keys required'],
    [
      'fields: { PID-3: { requierd: true } }',
      '3:20 unknown-key "requierd" is not a key here (did you mean required?)',
    ],
    ['fields: { PID-3: { codes: [1] } }', '3:28 wrong-value "codes[0]" must be string, found 1'],
    [
      'fields: { PID-3: { when: MSH-9, required: true } }',
      '3:26 bad-expression expected an expression of type bool',
    ],
    [
      'fields: { PID-3: { when: "MSH-9 == \'A\'" } }',
      '3:20 missing-key expected something that must hold then',
    ],
    ['fields: { PID-3: { pattern: "(a+)+" } }', '3:30 bad-pattern a group in a pattern'],
    ['fields: { PID-3.1: { system: LN } }', '3:22 wrong-value expected a path to a whole field'],
    ['off: [too-lang]', '3:7 unknown-rule there is no rule "too-lang" (did you mean too-long?)'],
    ['off: [profile-code]', '3:7 unknown-rule there is no rule "profile-code"'],
    ['off: [too-long pid]', '3:7 bad-path expected a rule and a place such as "too-long PV1-18"'],
    ['off: [too-long PIX-1]', '3:7 unknown-segment HL7 has no segment PIX'],
    ['off: [too-long PID-99]', '3:7 unknown-field HL7 2.8 has no field PID-99'],
    ['extends: hos', '3:10 unknown-profile there is no profile "hos" (did you mean his?)'],
    ['extends: his', "3:10 extends-circle a profile can't extend itself: his → his"],
  ];
  for (const [text, line] of wrong) {
    it(`say what is wrong with ${text}`, () => {
      const [first, ...more] = lines(text);
      expect(first).to.satisfy((said: string) => said.startsWith(`profiles/his.yaml:${line}`), first);
      expect(more).to.deep.equal([]);
    });
  }

  it('take local segments as they are', () => {
    expect(
      lines('segments: { ZPI: allowed }\nfields: { ZPI-9.9: { codes: [a] } }\noff: [too-long ZPI-3]\n'),
    ).to.deep.equal([]);
  });

  it('tell of a circle in each file of it, and of nothing in a file that extends one of them', () => {
    const other = (name: string, base: string) => `profile: ${name}\ndescription: x\nextends: ${base}\n`;
    expect(
      lines('extends: a', { 'profiles/a.yaml': other('a', 'b'), 'profiles/b.yaml': other('b', 'a') }),
    ).to.deep.equal([
      "profiles/a.yaml:3:10 extends-circle a profile can't extend itself: a → b → a",
      "profiles/b.yaml:3:10 extends-circle a profile can't extend itself: b → a → b",
    ]);
  });

  it('have names that no two share', () => {
    const twin = 'profile: his\ndescription: Twin.\n';
    expect(lines('', { 'profiles/twin.yaml': twin })).to.deep.equal([
      'profiles/twin.yaml:1:10 duplicate-name profiles/his.yaml has the name "his" already',
    ]);
  });
});
