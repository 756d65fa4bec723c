import { expect } from 'chai';
import { compileMappings } from '../../src/mapping/compile.ts';
import { formatProblem } from '../../src/problem.ts';
import { shippedDefinitions } from './shipped.ts';

/** The problems of a small mapping whose PID map has these rules. */
function problemsOf(rules: string, files: Record<string, string> = {}): string[] {
  const all: Record<string, string> = {
    'messages/ADT.yaml':
      'message: ADT\nevents: { A01: { type: a.b, action: create } }\noccurred: [MSH-7]\nresources:\n  - { map: PID, to: Patient }\n',
    'types/CX.yaml':
      'type: CX\nto: Identifier\nrules:\n  system: { value: "urn:x" }\n  value: { from: CX.1 }\n',
    'codes/Sex.yaml': 'code: Sex\notherwise: flag\ncodes: { F: female, M: male }\n',
    'segments/PID.yaml': `map: PID\nto: Patient\nidentity: { from: PID-3, as: CX }\nrules:\n  gender: { from: PID-8, code: Sex }\n${rules}`,
    ...files,
  };
  const list = Object.entries(all).map(([file, text]) => ({ file: `mappings/m/${file}`, text }));
  return compileMappings(list, shippedDefinitions()).problems.map(formatProblem);
}

describe('the mapping compiler finds, with file, line and column,', () => {
  const cases: [string, string, string][] = [
    ['nothing in a good rule', '  birthDate: { from: PID-7, as: date }', ''],
    [
      'an element that FHIR lacks',
      '  birthdate: { from: PID-7 }',
      '6:3 unknown-element FHIR has no Patient.birthdate (did you mean birthDate?)',
    ],
    [
      'an inner element that FHIR lacks',
      '  contact.nam.family: { from: PID-5 }',
      '6:3 unknown-element FHIR has no Patient.contact.nam (did you mean name?)',
    ],
    [
      'a conversion of another type',
      '  birthDate: { from: PID-7, as: decimal }',
      '6:33 wrong-type decimal gives decimal, and birthDate is a date',
    ],
    [
      'a data-type map of another type',
      '  name: { from: PID-5, as: CX }',
      '6:28 wrong-type no map from CX gives a HumanName: CX gives Identifier',
    ],
    [
      'a data type without a map',
      '  name: { from: PID-5, as: XPM }',
      '6:28 unknown-type there is no data-type map or conversion XPM',
    ],
    [
      'a field that HL7 lacks',
      '  birthDate: { from: PID-70, as: date }',
      '6:22 unknown-path PID has no field 70',
    ],
    [
      'a group that HL7 lacks',
      '  birthDate: { from: "INSURENCE.IN1-18", as: date }',
      '6:22 unknown-path HL7 has no group INSURENCE (did you mean INSURANCE?)',
    ],
    [
      'a component that HL7 lacks',
      '  birthDate: { from: PID-3.40, as: date }',
      '6:22 unknown-path PID-3 is of type CX',
    ],
    ['what is no path', '  birthDate: { from: PID7, as: date }', '6:22 bad-path "PID7" is not an HL7 path'],
    [
      'a part of another data type',
      '  birthDate: { from: XPN.1, as: date }',
      "6:22 unknown-path XPN.1 can't be read here",
    ],
    [
      'a question for null, which no value of a mapping is',
      '  active: { value: true, when: "isNull(PID-7)" }',
      '6:33 bad-expression',
    ],
    [
      'a table that is not there',
      '  maritalStatus: { from: PID-16, code: Sexx }',
      '6:40 unknown-table there is no code table Sexx (did you mean Sex?)',
    ],
    [
      'a constant outside the value set',
      '  name: [{ rules: { use: { value: offical } } }]',
      '6:35 unknown-code "offical" is not one of usual, official',
    ],
    [
      'free text where only codes are allowed',
      '  name: [{ rules: { use: { from: PID-5.7 } } }]',
      '6:21 missing-key use only takes codes',
    ],
    [
      'an unknown key',
      '  birthDate: { form: PID-7, as: date }',
      '6:16 unknown-key "form" is not a key here (did you mean from?)',
    ],
    [
      'two origins',
      '  birthDate: { from: PID-7, value: "2020" }',
      '6:3 wrong-value a rule has one origin, this one has from and value',
    ],
    ['no origin', '  birthDate: { as: date }', '6:3 missing-key expected one of from, value'],
    [
      'a condition that is no CEL',
      '  birthDate: { from: PID-7, as: date, when: "PID-8 = 1" }',
      '6:52 bad-expression',
    ],
    [
      'a choice without a type',
      '  deceased[x]: { from: PID-30 }',
      '6:3 wrong-type expected "to": one of boolean, dateTime',
    ],
    [
      'a choice of a wrong type',
      '  deceased[x]: { from: PID-30, to: string }',
      "6:3 wrong-type deceased[x] can't be a string",
    ],
    [
      'a reference to a type that is not allowed',
      '  generalPractitioner: { ref: Patient }',
      "6:31 wrong-type generalPractitioner can't refer to a Patient",
    ],
    [
      'a reference where none belongs',
      '  birthDate: { ref: Patient }',
      '6:21 wrong-type birthDate is a date, not a Reference',
    ],
    [
      'a required element that no rule sets',
      '  communication: [{ rules: { preferred: { value: true } } }]',
      '6:21 missing-element FHIR requires Patient.communication.language',
    ],
    [
      'a constant of the wrong kind',
      '  active: { value: "yes" }',
      '6:20 wrong-type active is a boolean: expected a boolean',
    ],
    [
      'an element it needs and FHIR lacks',
      '  name: [{ needs: [famly], rules: { family: { from: PID-5 } } }]',
      '6:20 unknown-element FHIR has no HumanName.famly (did you mean family?)',
    ],
  ];
  for (const [name, rules, expected] of cases) {
    it(name, () => {
      const problems = problemsOf(rules);
      if (expected === '') expect(problems).to.deep.equal([]);
      else expect(problems.join('\n')).to.contain(`mappings/m/segments/PID.yaml:${expected}`);
    });
  }

  it('all problems at once, in the order of files and lines', () => {
    const problems = problemsOf('  birthdate: { from: PID-7 }\n  gendr: { from: PID-8 }', {
      'codes/Sex.yaml': 'code: Sex\notherwise: flagg\ncodes: {}\n',
    });
    expect(problems).to.have.length(4);
    expect(problems[0]).to.contain('codes/Sex.yaml:2:12 wrong-value');
    expect(problems[1]).to.contain('segments/PID.yaml:5');
    expect(problems[3]).to.contain('segments/PID.yaml:7:3');
  });

  it('a table that gives codes outside the value set, or keeps unknown ones', () => {
    const table = 'code: Sex\notherwise: keep\ncodes: { F: femail }\n';
    const problems = problemsOf('', { 'codes/Sex.yaml': table }).join('\n');
    expect(problems).to.contain('unknown-code table Sex gives "femail"');
    expect(problems).to.contain("wrong-value table Sex keeps codes that it doesn't list");
  });

  it('files that nothing leads to, and files declared twice', () => {
    const file = 'type: XPN\nto: HumanName\nrules: { family: { from: XPN.1 } }\n';
    const unused = problemsOf('', { 'types/XPN.yaml': file });
    expect(unused).to.deep.equal(['mappings/m/types/XPN.yaml:1:1 unused no message map leads to this file']);
    const twice = problemsOf('  name: { from: PID-5, as: XPN }', {
      'types/a.yaml': file,
      'types/b.yaml': file,
    });
    expect(twice).to.deep.equal([
      'mappings/m/types/b.yaml:1:7 duplicate mappings/m/types/a.yaml already declares this',
    ]);
  });

  it('groups and maps that are not there', () => {
    const message =
      'message: ORU\nstructure: ORU_R01\nevents: { R01: { type: a.b, action: create } }\noccurred: []\nresources:\n' +
      '  - { map: PID, to: Patient }\n  - { each: OBSERVATON, resources: [{ map: OBX, to: Observation }] }\n';
    const problems = problemsOf('', { 'messages/ORU.yaml': message }).join('\n');
    expect(problems).to.contain(
      'ORU.yaml:7:13 unknown-group ORU_R01 has no group OBSERVATON (did you mean OBSERVATION?)',
    );
    expect(problems).to.contain('ORU.yaml:7:44 unknown-map there is no map from OBX to Observation');
  });

  it('keys that belong to another kind of step', () => {
    const message =
      'message: ORU\nstructure: ORU_R01\nevents: { R01: { type: a.b, action: create } }\noccurred: []\nresources:\n' +
      '  - { map: PID, to: Patient, lines: { of: OBX-5, same: [] } }\n  - { each: OBSERVATION, context: true, resources: [] }\n';
    const problems = problemsOf('', { 'messages/ORU.yaml': message }).join('\n');
    expect(problems).to.contain('ORU.yaml:6:30 wrong-value a step with "map" has no "lines"');
    expect(problems).to.contain('ORU.yaml:7:26 wrong-value a step with "each" has no "context"');
  });

  it('what is no mapping file at all', () => {
    expect(problemsOf('', { 'x.yaml': 'mop: PID\n' }).join()).to.contain('did you mean map?');
    expect(problemsOf('', { 'x.yaml': ': [' }).join()).to.contain('x.yaml:1');
    expect(problemsOf('', { 'x.yaml': '' }).join()).to.contain('expected a mapping file to begin with');
  });
});
