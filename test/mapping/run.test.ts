import { expect } from 'chai';
import { PipehatError } from '../../src/errors.ts';
import { readMessage } from '../../src/hl7/message.ts';
import { compileMappings } from '../../src/mapping/compile.ts';
import type { Mapped } from '../../src/mapping/mapping.ts';
import { formatProblem } from '../../src/problem.ts';
import { shippedDefinitions, shippedMapping } from './shipped.ts';

const CX =
  'type: CX\nto: Identifier\nneeds: [value]\nrules:\n  system: { template: "urn:a:{CX.4.1}" }\n  value: { from: CX.1 }\n';
const ADT =
  'message: ADT\nevents: { A01: { type: a.b, action: create } }\noccurred: [EVN-2, MSH-7]\nresources:\n  - { map: PID, to: Patient, required: true }\n';

/** Maps a PID by `rules`; `more` are further files. */
function map(rules: string, segments: string[], more: Record<string, string> = {}): Mapped {
  const files = {
    'messages/ADT.yaml': ADT,
    'types/CX.yaml': CX,
    'segments/PID.yaml': `map: PID\nto: Patient\nidentity: { from: PID-3, as: CX }\nrules:\n${rules}`,
    ...more,
  };
  const { mappings, problems } = compileMappings(
    Object.entries(files).map(([file, text]) => ({ file: `mappings/m/${file}`, text })),
    shippedDefinitions(),
  );
  expect(problems.map(formatProblem)).to.deep.equal([]);
  const message = readMessage(['MSH|^~\\&|A|B|||20260101||ADT^A01|1|P|2.5', ...segments].join('\r'));
  return mappings.get('m')!.run(message, { tenant: 't', time_zone: 'Europe/Paris' });
}

/** The mapped patient as a plain object, without what all of them have. */
function patient(
  rules: string,
  segments: string[],
  more: Record<string, string> = {},
): Record<string, unknown> {
  const {
    resourceType: _,
    id: __,
    identifier: ___,
    ...rest
  } = map(rules, segments, more).entries.at(-1)!.resource as unknown as Record<string, unknown>;
  return rest;
}

function errorOf(run: () => unknown): PipehatError {
  try {
    run();
  } catch (error) {
    if (error instanceof PipehatError) return error;
    throw error;
  }
  throw new Error('expected an error');
}

describe('times', () => {
  const born = (value: string, as = 'dateTime') =>
    map(`  deceasedDateTime: { from: PID-7, as: ${as} }`, [`PID|||1^^^X||A||${value}`]);
  const text = (value: string, as?: string) =>
    (born(value, as).entries.at(-1)!.resource as { deceasedDateTime?: string }).deceasedDateTime;

  it('mean as much as TS.2 says', () => {
    expect(text('20260101101500^D')).to.equal('2026-01-01');
    expect(text('20260101101500^Y', 'date')).to.equal('2026');
    expect(text('20260101101500^S')).to.equal('2026-01-01T10:15:00+01:00');
  });

  it('name the zone that was taken, and only where one was', () => {
    expect(born('20260701101500').time_zone).to.equal('Europe/Paris');
    expect(born('20260701101500+0000')).not.to.have.property('time_zone');
    expect(born('20260701')).not.to.have.property('time_zone');
    expect(map('  active: { value: true }', ['EVN||2026010110', 'PID|||1^^^X']).time_zone).to.equal(
      'Europe/Paris',
    );
  });

  it('warn where the clocks showed them twice, and are left out where they skipped them', () => {
    expect(text('202510260230')).to.equal('2025-10-26T02:30:00+02:00');
    const [twice, ...others] = born('202510260230').warnings;
    expect(twice).to.deep.include({ path: 'PID-7' });
    expect(twice?.says).to.match(/twice.*the first is meant/);
    expect(others).to.deep.equal([]);
    expect(text('202503300230')).to.equal(undefined);
    expect(born('202503300230').warnings).to.have.length(1);
    expect(born('202510260230+0100').warnings).to.deep.equal([]);
  });
});

describe('rules', () => {
  it('offer all repetitions: a target that holds one takes the first, one that holds many takes all', () => {
    const rules = '  birthDate: { from: PID-7 }\n  name: { from: PID-5, rules: { family: { from: XPN.1 } } }';
    expect(patient(rules, ['PID|||1^^^X||A~B||2020~2021'])).to.deep.equal({
      birthDate: '2020',
      name: [{ family: 'A' }, { family: 'B' }],
    });
  });

  it('in a list: one value is the first that any rule gives, many values are those of all rules', () => {
    const rules = [
      '  birthDate: [{ from: PID-7 }, { from: PID-29 }]',
      '  name:\n    - { rules: { text: { from: PID-5 } } }\n    - { rules: { text: { from: PID-9 } } }',
    ].join('\n');
    const segment = `PID|||1^^^X||A||BAD||Q${'|'.repeat(20)}2021`;
    const { warnings } = map(rules, [segment]);
    expect(patient(rules, [segment])).to.deep.equal({
      birthDate: '2021',
      name: [{ text: 'A' }, { text: 'Q' }],
    });
    expect(warnings.map(({ path }) => path)).to.deep.equal(['PID-7']);
  });

  it('choose repetitions with where, and count only when their condition holds', () => {
    const rules = [
      `  name: { from: PID-5, where: 'XPN.7 == "L"', rules: { family: { from: XPN.1 } } }`,
      '  birthDate: { from: PID-7, when: "!PID-29" }',
      `  active: { value: true, when: 'PID-8 in ["F", "M"] && valued(PID-7) && PID-5.7 != "X"' }`,
      `  language: { value: fr, when: 'PID-8 == "F" || PID-8 == "Z"' }`,
    ].join('\n');
    expect(patient(rules, ['PID|||1^^^X||A^^^^^^M~B^^^^^^L||2020|F'])).to.deep.equal({
      name: [{ family: 'B' }],
      birthDate: '2020',
      active: true,
      language: 'fr',
    });
    expect(patient(rules, [`PID|||1^^^X||A||2020|Q${'|'.repeat(20)}|2021`])).to.deep.equal({});
  });

  it('read another group of the message by its name', () => {
    const segments = ['PID|1||1^^^A', 'PV1|1', 'IN1|1||a|First', 'IN1|2||b|Second~Third'];
    const rules = [
      '  birthDate: { value: "2000-01-01", when: \'INSURANCE[2].IN1-3 == "b" && !INSURANCE[2].IN1-9\' }',
      '  name: { rules: { text: { from: "INSURANCE[2].IN1-4" }, given: { from: "INSURANCE[*].IN1-4" } } }',
    ].join('\n');
    expect(patient(rules, segments)).to.deep.equal({
      birthDate: '2000-01-01',
      name: [{ text: 'Second', given: ['First', 'Second', 'Third'] }],
    });
  });

  it('put text together: templates give nothing where a place is empty, joins leave it out', () => {
    const rules = [
      '  name:',
      '    - rules:',
      '        text: { template: "{PID-5.2} {PID-5.1}" }',
      '        family: { template: "{PID-5.3?}-{PID-5.9|PID-5.1}" }',
      '        given: [{ join: [PID-5.2, PID-5.3, PID-5.1], with: "+" }]',
      '  implicitRules: { template: "urn:x:{PID-5.1}" }',
    ].join('\n');
    expect(patient(rules, ['PID|||1^^^X||O\\T\\é b'])).to.deep.equal({
      name: [{ family: '-O&é b', given: ['O&é b'] }],
      implicitRules: 'urn:x:O%26%C3%A9%20b',
    });
  });

  it('compute values with CEL', () => {
    const rules = `  birthDate: { cel: 'PID-7.substring(0, 4)', when: PID-7 }\n  multipleBirth[x]: { cel: "size(PID-5[*])", as: integer, to: integer }`;
    expect(patient(rules, ['PID|||1^^^X||A~B||20200101'])).to.deep.equal({
      birthDate: '2020',
      multipleBirthInteger: 2,
    });
    const error = errorOf(() =>
      map("  birthDate: { cel: 'PID-7.substring(0, 9)' }", ['PID|||1^^^X||Zebra||Ostrich']),
    );
    expect(error.code).to.equal('mapping-expression-failed');
    expect(`${error.message}${error.stack}`).not.to.match(/Ostrich|Zebra/);
  });

  it('never take the v2 null "" for a value', () => {
    const rules =
      '  birthDate: { from: PID-7 }\n  name: { from: PID-5, rules: { family: { from: XPN.1 }, given: { from: XPN.2 } } }';
    expect(patient(rules, ['PID|||1^^^X||""~A^""||""'])).to.deep.equal({ name: [{ family: 'A' }] });
    const constant = '  name: { from: PID-5, rules: { use: { value: usual } } }';
    expect(patient(constant, ['PID|||1^^^X||""'])).to.deep.equal({});
  });

  it('fill dotted paths into one object', () => {
    const rules =
      '  contact.name.family: { from: PID-5 }\n  contact.name.given: { from: PID-5.2 }\n  contact.gender: { value: other }';
    expect(patient(rules, ['PID|||1^^^X||A^B'])).to.deep.equal({
      contact: [{ name: { family: 'A', given: ['B'] }, gender: 'other' }],
    });
  });

  it('leave out objects that lack what FHIR requires or the rule needs', () => {
    const rules = [
      '  communication: [{ rules: { language: { rules: { text: { from: PID-15 } } }, preferred: { value: true } } }]',
      '  name: [{ needs: [family], rules: { family: { from: PID-5 }, use: { value: usual } } }]',
    ].join('\n');
    expect(patient(rules, ['PID|||1^^^X'])).to.deep.equal({});
    expect(patient(rules, ['PID|||1^^^X||A||||||||||fr'])).to.have.keys('communication', 'name');
  });
});

describe('codes that are not in their table', () => {
  const table = (otherwise: string) => ({
    'codes/M.yaml': `code: M\nto: http://m\notherwise: ${otherwise}\ncodes: { S: { code: single, display: Single } }\n`,
  });
  const rule = '  maritalStatus: { from: PID-16, code: M }';
  const segment = (code: string) => [`PID|||1^^^X|||||||||||||${code}`];

  it('are found in it', () => {
    expect(patient(rule, segment('S^alone'), table('keep'))).to.deep.equal({
      maritalStatus: { coding: [{ system: 'http://m', code: 'single', display: 'Single' }], text: 'alone' },
    });
  });

  it('are kept, flagged, skipped or rejected as the table says', () => {
    const kept = { maritalStatus: { text: 'Q' } };
    expect(patient(rule, segment('Q'), table('keep'))).to.deep.equal(kept);
    expect(patient(rule, segment('Q'), table('flag'))).to.deep.equal(kept);
    expect(map(rule, segment('Q'), table('keep')).warnings).to.deep.equal([]);
    expect(map(rule, segment('Q'), table('flag')).warnings).to.deep.equal([
      { path: 'PID-16', says: 'the code is not in table M' },
    ]);
    expect(patient(rule, segment('Q'), table('skip'))).to.deep.equal({});
    const error = errorOf(() => map(rule, segment('Q'), table('reject')));
    expect([error.code, error.at]).to.deep.equal(['mapping-code-rejected', 'PID-16']);
  });

  it('come from CSV too', () => {
    const rules = '  managingOrganization.display: { from: PID-16, code: wards }';
    const csv = { 'codes/wards.csv': 'code,name\nA,"Ward ""A"", east"\nB,Ward B,note\n' };
    expect(patient(rules, segment('A'), csv)).to.deep.equal({
      managingOrganization: { display: 'Ward "A", east' },
    });
    expect(patient(rules, segment('B'), csv)).to.deep.equal({ managingOrganization: { display: 'Ward B' } });
  });
});

describe('resources', () => {
  const XCN =
    'type: XCN\nto: Practitioner\nidentity:\n  needs: [value]\n  rules: { system: { value: "urn:staff" }, value: { from: XCN.1 } }\n' +
    'display: { join: [XCN.3, XCN.2] }\nrules:\n  name: [{ needs: [family], rules: { family: { from: XCN.2 }, given: { from: XCN.3 } } }]\n';
  const rules = '  generalPractitioner: { from: PD1-4, as: XCN }';

  it('of a data-type map become entries of their own, before the one that refers to them, each once', () => {
    const { entries } = map(rules, ['PID|||1^^^X', 'PD1||||7~7^Stone^Ira'], { 'types/XCN.yaml': XCN });
    expect(entries.map(({ resource }) => resource.resourceType)).to.deep.equal(['Practitioner', 'Patient']);
    expect(entries[0]?.identity).to.deep.equal({ system: 'urn:staff', value: '7' });
    expect(entries[0]?.resource).to.deep.include({ name: [{ family: 'Stone', given: ['Ira'] }] });
    const reference = `Practitioner/${entries[0]?.resource.id}`;
    expect(entries[1]?.resource).to.deep.include({
      generalPractitioner: [{ reference }, { reference, display: 'Ira Stone' }],
    });
  });

  it('without a number are only shown by name', () => {
    const { entries } = map(rules, ['PID|||1^^^X', 'PD1||||^Stone^Ira'], { 'types/XCN.yaml': XCN });
    expect(entries[0]?.resource).to.deep.include({
      generalPractitioner: [{ type: 'Practitioner', display: 'Ira Stone' }],
    });
  });

  it('always carry the identifier that they are found by', () => {
    const [entry] = map('  birthDate: { from: PID-7 }', ['PID|||1^^^X']).entries;
    expect(entry?.resource).to.deep.include({ identifier: [{ system: 'urn:a:X', value: '1' }] });
  });

  describe('that are only mentioned', () => {
    const CLERK =
      'map: EVN\nto: Practitioner\nidentity: { rules: { system: { value: "urn:staff" }, value: { from: EVN-5.1 } } }\nrules:\n  name: { rules: { family: { from: EVN-5.2 } } }\n  gender: { value: other }\n';
    const steps = (...lines: string[]) =>
      `message: ADT\nevents: { A01: { type: a.b, action: create } }\noccurred: []\nresources:\n${lines.map((line) => `  - ${line}\n`).join('')}`;
    const about = '{ map: EVN, to: Practitioner }';
    const standing = (...lines: string[]) =>
      map(rules, ['EVN|||||7^Stone', 'PID|||1^^^X', 'PD1||||7^Brick^Ira'], {
        'types/XCN.yaml': XCN,
        'segments/EVN.yaml': CLERK,
        'messages/ADT.yaml': steps(...lines),
      }).entries;

    it('say so: those of a step with context, and those made for a reference', () => {
      const entries = standing(
        '{ map: PID, to: Patient, context: true }',
        about.replace('}', ', context: true }'),
      );
      expect(entries.map(({ resource, context }) => [resource.resourceType, context])).to.deep.equal([
        ['Practitioner', true],
        ['Patient', true],
      ]);
      expect(entries.every((entry) => Object.hasOwn(entry, 'context'))).to.equal(true);
    });

    for (const [order, lines] of [
      ['after', ['{ map: PID, to: Patient }', about]],
      ['before', [about, '{ map: PID, to: Patient }']],
    ] as const) {
      it(`give way where the event is about them too, ${order} they were mentioned`, () => {
        const [practitioner, patient] = standing(...lines);
        expect(practitioner).not.to.have.property('context');
        expect(patient).not.to.have.property('context');
        expect(practitioner?.resource).to.deep.include({ name: [{ family: 'Stone' }], gender: 'other' });
      });
    }
  });

  it('have the same id for the same identity and tenant, and another one otherwise', () => {
    const id = (segment: string) => map('  active: { value: true }', [segment]).entries[0]?.resource.id;
    expect(id('PID|||1^^^X')).to.equal(id('PID|||1^^^X||Other'));
    expect(id('PID|||1^^^X')).not.to.equal(id('PID|||1^^^Y'));
  });

  it('are refused without an identity, and a message without its segment', () => {
    for (const segments of [['PID|||1'], ['PID|1'], []]) {
      const error = errorOf(() => map('  active: { value: true }', segments));
      expect([error.code, error.at]).to.deep.equal(['mapping-no-identity', 'PID-3']);
    }
  });
});

describe('the event', () => {
  it('has the first time of the list that says a time of day', () => {
    const at = (evn: string) => map('  active: { value: true }', [`EVN||${evn}`, 'PID|||1^^^X']).occurred_at;
    expect(at('20260101120000')).to.equal('2026-01-01T12:00:00+01:00');
    expect(at('20260101')).to.equal(undefined);
  });

  it('comes out byte for byte the same', () => {
    const run = () =>
      JSON.stringify(map('  name: { from: PID-5, rules: { text: { from: XPN.1 } } }', ['PID|||1^^^X||A~B']));
    expect(run()).to.equal(run());
  });
});

describe('each', () => {
  const relatives = ['PID|1||1^^^X', 'NK1|1|Quill^Ada|MTH', 'NK1|2||FTH', 'NK1|3|Reed^Uma|SIS'];
  const NAME = '{ rules: { family: { from: NK1-2.1 } } }';

  it('runs a rule for each such segment, and judges its condition there', () => {
    const rule = `  contact: { each: NK1, when: NK1-2, rules: { name: ${NAME} } }`;
    expect(patient(rule, relatives)).to.deep.equal({
      contact: [{ name: { family: 'Quill' } }, { name: { family: 'Reed' } }],
    });
  });

  it('gives the first to a target that holds one', () => {
    expect(
      patient('  birthDate: { each: NK1, from: NK1-16, as: date }', [
        'PID|1||1^^^X',
        'NK1|1',
        `NK1|2${'|'.repeat(15)}19700101`,
        `NK1|3${'|'.repeat(15)}19800101`,
      ]),
    ).to.deep.equal({ birthDate: '1970-01-01' });
  });

  it('refers to what was made of the same segment', () => {
    const { entries } = map(
      '  gender: { value: unknown }',
      ['PID|1||1^^^X', 'DG1|1||A', 'DG1|2||B', 'PV1|1'],
      {
        'messages/ADT.yaml': `${ADT}  - { map: DG1, to: Condition }\n  - { map: PV1, to: Encounter }\n`,
        'segments/DG1.yaml':
          'map: DG1\nto: Condition\nidentity: { rules: { system: { value: "urn:d" }, value: { from: DG1-1 } } }\nrules: { subject: { ref: Patient } }\n',
        'segments/PV1.yaml':
          'map: PV1\nto: Encounter\nidentity: { rules: { system: { value: "urn:v" }, value: { from: PID-3.1 } } }\nrules:\n  status: { value: planned }\n  class: { value: { code: IMP } }\n  diagnosis: { each: DG1, when: DG1-3, rules: { condition: { ref: Condition }, rank: { from: DG1-1 } } }\n',
      },
    );
    const conditions = entries.filter(({ resource }) => resource.resourceType === 'Condition');
    expect(entries.at(-1)!.resource).to.have.deep.property(
      'diagnosis',
      conditions.map(({ resource }, index) => ({
        condition: { reference: `Condition/${resource.id}` },
        rank: index + 1,
      })),
    );
    expect(conditions).to.have.length(2);
  });
});

describe('named maps', () => {
  it('stand beside another of the same data type and target, and read the same type', () => {
    const more = {
      'types/CX-Old.yaml':
        'type: CX-Old\nto: Identifier\nneeds: [value]\nrules:\n  use: { value: old }\n  value: { from: CX.1 }\n',
    };
    expect(
      patient(
        '  link: { rules: { other.identifier: { from: PID-4, as: CX-Old }, type: { value: seealso } } }',
        ['PID|1||1^^^X|2'],
        more,
      ),
    ).to.deep.equal({
      link: [{ other: { identifier: { use: 'old', value: '2' } }, type: 'seealso' }],
    });
  });

  it('choose the resource that a reference points at', () => {
    const made = (to: string) =>
      `type: XCN\nto: ${to}\nidentity: { rules: { system: { value: "urn:p" }, value: { from: XCN.1 } } }\nrules: {}\n`;
    const more = { 'types/XCN1.yaml': made('Practitioner'), 'types/XCN2.yaml': made('PractitionerRole') };
    const rules =
      '  generalPractitioner:\n    - { from: PD1-4, as: XCN }\n    - { from: PD1-4, as: XCN, to: PractitionerRole }\n';
    const { generalPractitioner } = patient(rules, ['PID|1||1^^^X', 'PD1||||77'], more) as {
      generalPractitioner: { reference: string }[];
    };
    expect(generalPractitioner.map(({ reference }) => reference.split('/')[0])).to.deep.equal([
      'Practitioner',
      'PractitionerRole',
    ]);
  });
});

describe('steps', () => {
  const VISIT =
    'map: PV1\nto: Encounter\nidentity: { rules: { system: { value: "urn:v" }, value: { from: PV1-19 } } }\nrules: { status: { value: planned }, class: { value: { code: IMP } } }\n';
  const PART =
    'map: PV1-More\nto: Encounter\npart: true\nidentity: { rules: { system: { value: "urn:v" }, value: { from: PV1-19 } } }\nrules: { status: { value: unknown }, period.start: { from: PV1-44, as: date } }\n';
  const visit = ['PID|1||1^^^X', `PV1|1${'|'.repeat(18)}V1${'|'.repeat(25)}20260101`];
  const encounters = (steps: string) =>
    map('  gender: { value: unknown }', visit, {
      'messages/ADT.yaml': ADT + steps,
      'segments/PV1.yaml': VISIT,
      'segments/PV1-More.yaml': PART,
    })
      .entries.map(({ resource }) => resource)
      .filter(({ resourceType }) => resourceType === 'Encounter');

  it('that are parts add to what an earlier one made, and change nothing of it', () => {
    const [encounter, more] = encounters(
      '  - { map: PV1, to: Encounter }\n  - { map: PV1-More, to: Encounter }\n',
    );
    expect(encounter).to.include({ status: 'planned' });
    expect(encounter).to.have.deep.property('period', { start: '2026-01-01' });
    expect(more).to.equal(undefined);
  });

  it('that are parts make nothing themselves', () => {
    const steps = '  - { map: PV1-More, to: Encounter }\n  - { map: PV1, to: Encounter, when: PV1-2 }\n';
    expect(encounters(steps)).to.deep.equal([]);
  });

  it('that are optional make something only when they are asked to', () => {
    const files = {
      'messages/ADT.yaml': `${ADT}  - { map: MSH, to: Provenance, optional: true }\n`,
      'segments/MSH.yaml':
        'map: MSH\nto: Provenance\nidentity: { rules: { system: { value: "urn:m" }, value: { from: MSH-10 } } }\nrules:\n  target: { ref: Patient }\n  recorded: { value: "2026-01-01T00:00:00Z" }\n  agent: { rules: { who.display: { from: MSH-4 } } }\n',
      'segments/PID.yaml': 'map: PID\nto: Patient\nidentity: { from: PID-3, as: CX }\nrules: {}\n',
      'types/CX.yaml': CX,
    };
    const { mappings, problems } = compileMappings(
      Object.entries(files).map(([file, text]) => ({ file: `mappings/m/${file}`, text })),
      shippedDefinitions(),
    );
    expect(problems.map(formatProblem)).to.deep.equal([]);
    const message = readMessage('MSH|^~\\&|A|B|||20260101||ADT^A01|1|P|2.5\rPID|1||1^^^X');
    const types = (include: string[]) =>
      mappings
        .get('m')!
        .run(message, { tenant: 't', time_zone: 'UTC', include })
        .entries.map(({ resource }) => resource.resourceType);
    expect([...mappings.get('m')!.optional]).to.deep.equal(['Provenance']);
    expect(types([])).to.deep.equal(['Patient']);
    expect(types(['Provenance'])).to.deep.equal(['Patient', 'Provenance']);
  });

  it('walk through the groups of the structure that the event has', () => {
    const more = {
      'messages/ADT.yaml':
        'message: ADT\nstructure: ADT_A01\nevents: { A01: { type: a.b, action: create, structure: ADT_A39 } }\noccurred: [MSH-7]\nresources:\n  - { map: PID, to: Patient }\n  - { each: PATIENT, resources: [{ map: PID, to: Patient }] }\n  - { each: INSURANCE, resources: [] }\n',
    };
    const { entries } = map(
      '  gender: { value: unknown }',
      ['EVN|A40', 'PID|1||1^^^X', 'MRG|2^^^X', 'PID|1||3^^^X', 'MRG|4^^^X'],
      more,
    );
    expect(entries.map(({ identity }) => identity.value)).to.deep.equal(['1', '3']);
  });
});

describe('the null of HL7', () => {
  const rules =
    '  birthDate: { from: PID-7, as: date }\n  deceased[x]:\n    - { from: PID-29, as: dateTime, to: dateTime }\n  telecom: { from: PID-13, needs: [value], rules: { value: { from: PID-13 } } }\n  gender:\n    - { value: male, when: PID-8 }\n    - { value: unknown, when: PID-10 }\n';
  const removed = (...segments: string[]) => map(rules, segments).entries.at(-1)!.removed;

  it('names what the sender asks to delete', () => {
    expect(removed(`PID|1||1^^^X||A||""||||||""${'|'.repeat(16)}""`)).to.deep.equal([
      'birthDate',
      'deceased[x]',
      'telecom',
    ]);
  });

  it('is not what is empty, and not what something fills', () => {
    expect(removed('PID|1||1^^^X||A||')).to.equal(undefined);
    expect(removed('PID|1||1^^^X||""||19700101')).to.equal(undefined);
  });
});

describe('what stands beside a primitive element', () => {
  it('says why it is absent', () => {
    const rules = `  _birthDate:
    when: "!PID-7"
    rules:
      extension:
        rules:
          url: { value: "http://hl7.org/fhir/StructureDefinition/data-absent-reason" }
          valueCode: { value: unknown }
`;
    expect(patient(rules, ['PID|1||1^^^X'])).to.deep.equal({
      _birthDate: {
        extension: [
          { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' },
        ],
      },
    });
    expect(patient(rules, ['PID|1||1^^^X||A||1970'])).to.deep.equal({});
  });
});

describe('codes that come again', () => {
  const run = (sender: string, field: string, msh2 = '^~\\&') =>
    shippedMapping()
      .run(
        readMessage(
          `MSH|${msh2}|LAB|${sender}|||20260101||ADT${msh2[0]}A01|1|P|2.5\rPID|1||1${msh2[0]}${msh2[0]}${msh2[0]}X||A|||||||||||${field}`,
        ),
        { tenant: 't', time_zone: 'UTC' },
      )
      .entries.map(({ resource }) => (resource as { maritalStatus?: unknown }).maritalStatus)[0];
  const system = (sender: string) => `urn:pipehat:coding-system:${sender}:L`;

  it('mean what their sender says, whoever sent them before', () => {
    for (const sender of ['A', 'B', 'A']) {
      expect(run(sender, 'X^x^L')).to.deep.equal({
        coding: [{ system: system(sender), code: 'X', display: 'x' }],
        text: 'x',
      });
    }
    expect(run('A', 'X^x^L', '@~\\&')).to.deep.equal({ coding: [{ code: 'X^x^L' }], text: 'X^x^L' });
  });

  it('come with their warning each time', () => {
    const more = {
      'types/CWE.yaml':
        'type: CWE\nto: CodeableConcept\nrules:\n  coding: { needs: [code], rules: { code: { from: CWE.1, code: Table } } }\n',
      'codes/Table.yaml': 'code: Table\notherwise: flag\ncodes: { A: a }\n',
    };
    const { warnings } = map(
      '  maritalStatus: { from: PID-16, as: CWE }\n  communication: { rules: { language: { from: PID-16, as: CWE } } }\n',
      ['PID|1||1^^^X|||||||||||||B'],
      more,
    );
    expect(warnings).to.have.length(2);
  });
});
