// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in configuration have this form
import { expect } from 'chai';
import fc from 'fast-check';
import { CHARSET_NAMES, WIDE_SETS } from '../../src/hl7/charset-names.ts';
import { channelWith, compile, SITE } from './fixture.ts';

/** As the lint lists them. */
const CHARSETS = CHARSET_NAMES.filter((name) => !WIDE_SETS.includes(name))
  .map((name) => JSON.stringify(name))
  .join(', ');

describe('compileConfiguration', () => {
  it('gives the site with its defaults', () => {
    const { configuration, lines } = compile();
    expect(lines).to.deep.equal([]);
    expect(configuration?.site).to.deep.equal({
      name: 'demo',
      tenant: 'demo',
      time_zone: 'Europe/Berlin',
      data: 'data',
      http: { host: '127.0.0.1', port: 8080, host_names: [] },
      limits: { intake_bytes: 268_435_456 },
      log: { level: 'info', form: 'text' },
    });
  });

  it('gives channels and systems, compiled', () => {
    const { configuration } = compile();
    const [channel] = configuration?.channels ?? [];
    expect(channel).to.deep.include({ name: 'adt', file: 'channels/adt.yaml', order: 'patient', lanes: 8 });
    expect(channel?.source.options).to.deep.equal({ port: 2575, host: '127.0.0.1' });
    expect(channel?.steps.map((step) => step.label)).to.deep.equal([
      'step 1: filter MSH-11 == "P"',
      'step 2: set PID-3.4, MSH-6',
      'step 3: transform names',
    ]);
    expect(channel?.routes.map(({ to, takes, write }) => [to, takes, write])).to.deep.equal([
      ['ehr', 'event', ['Patient']],
      ['lab', 'hl7', undefined],
    ]);
    const [ehr] = configuration?.systems ?? [];
    expect(ehr).to.deep.include({ name: 'ehr', takes: 'event', lanes: 8, unanswered: 'resend' });
    expect(ehr?.retry).to.deep.equal({ first_ms: 1000, most_ms: 300_000 });
    expect(ehr?.destination.options).to.deep.equal({
      base_url: 'http://127.0.0.1:1/fhir',
      timeout_ms: 30_000,
    });
  });

  it('gives a channel its own zone and character sets', () => {
    const [plain] = compile().configuration?.channels ?? [];
    expect(plain).to.include({ time_zone: undefined, offset_from: 'zone' });
    expect(plain?.accept.charset).to.equal(undefined);
    const own = channelWith(
      'accept: {',
      'time_zone: US/Eastern\noffset_from: message\naccept: { charset: [ASCII, ISO IR87],',
    );
    const [channel] = compile(own).configuration?.channels ?? [];
    expect(channel).to.include({ time_zone: 'US/Eastern', offset_from: 'message' });
    expect(channel?.accept.charset).to.deep.equal(['ASCII', 'ISO IR87']);
  });

  it('names a configuration by its content', () => {
    const hash = (changes?: Record<string, string>) => compile(changes).configuration?.hash;
    expect(hash()).to.match(/^[0-9a-f]{64}$/);
    expect(hash()).to.equal(hash());
    expect(hash(channelWith('Patients', 'All patients'))).to.not.equal(hash());
    expect(hash({ 'mappings/names/pid.yaml': `${SITE['mappings/names/pid.yaml']}\n` })).to.not.equal(hash());
  });

  const wrong: [string, Record<string, string | undefined>, string][] = [
    [
      'a missing pipehat.yaml',
      { 'pipehat.yaml': undefined },
      'pipehat.yaml:1:1 wrong-value the file must be object, found nothing',
    ],
    [
      'an unknown key, with the one that was meant',
      channelWith('port: 2575', 'port: 2575, hots: 127.0.0.1'),
      'channels/adt.yaml:3:31 unknown-key "hots" is not a key here (did you mean host?); known: port, host',
    ],
    [
      'an unknown kind of source',
      channelWith('{ mllp:', '{ mlp:'),
      'channels/adt.yaml:3:11 unknown-key "mlp" is not a key here (did you mean mllp?); known: mllp',
    ],
    [
      'a system without a kind',
      { 'systems/lab.yaml': 'system: lab\ndescription: Lab\n' },
      'systems/lab.yaml:1:1 kind-of-destination expected exactly one of the keys fhir, file',
    ],
    [
      'a system of two kinds',
      { 'systems/ehr.yaml': `${SITE['systems/ehr.yaml']}file: { path: x }\n` },
      'systems/ehr.yaml:1:1 kind-of-destination expected exactly one of the keys fhir, file',
    ],
    [
      'a route to a system that is not there',
      channelWith('to: ehr', 'to: her'),
      'channels/adt.yaml:10:11 unknown-system there is no system "her" (did you mean ehr?)',
    ],
    [
      'two routes to one system',
      channelWith('to: lab', 'to: ehr'),
      'channels/adt.yaml:11:11 second-route another route goes to "ehr" already: join their conditions with ||',
    ],
    [
      'a mapping that is not there',
      channelWith('transform: names', 'transform: nams'),
      'channels/adt.yaml:8:16 unknown-mapping there is no mapping "nams" (did you mean names?)',
    ],
    [
      'a mapping to an element that FHIR does not have',
      { 'mappings/names/pid.yaml': SITE['mappings/names/pid.yaml']!.replace('family', 'famly') },
      'mappings/names/pid.yaml:5:20 unknown-element FHIR has no HumanName.famly (did you mean family?)',
    ],
    [
      'a second transform',
      channelWith('transform: names', 'transform: names\n  - transform: names'),
      'channels/adt.yaml:9:16 second-transform expected at most one transform in a channel',
    ],
    [
      'events for a system when nothing makes them',
      channelWith('  - transform: names\n', ''),
      'channels/adt.yaml:9:11 no-transform "ehr" takes canonical events: add a step such as "transform: v2-to-fhir"',
    ],
    [
      'resources to write that FHIR does not have',
      channelWith('[Patient]', '[Patient, Encouter]'),
      'channels/adt.yaml:10:33 unknown-resource there is no FHIR resource type "Encouter" (did you mean Encounter?)',
    ],
    [
      'resources to write for a system that takes HL7',
      channelWith('to: lab,', 'to: lab, write: [Patient],'),
      'channels/adt.yaml:11:23 wrong-value "lab" takes HL7 messages, which hold no FHIR resources to choose from',
    ],
    [
      'an expression, at the column of the slip',
      channelWith('when: MSH-9.2 ==', 'when: MSH-9.2 ='),
      'channels/adt.yaml:11:30 bad-expression Unexpected character: = (to compare, write ==)',
    ],
    [
      'a condition that is no yes or no',
      channelWith('filter: MSH-11 == "P"', 'filter: MSH-11'),
      'channels/adt.yaml:6:13 bad-expression expected an expression of type bool, found one of type string',
    ],
    [
      'a computed value that is no text',
      channelWith('cel: MSH-4', 'cel: size(MSH-4)'),
      'channels/adt.yaml:7:40 bad-expression expected an expression of type string, found one of type int',
    ],
    [
      'a segment that HL7 does not have',
      channelWith('MSH-9.2 ==', 'HSM-9.2 =='),
      'channels/adt.yaml:11:22 unknown-segment HL7 has no segment HSM (local segments begin with Z)',
    ],
    [
      'a group that no accepted message has',
      channelWith('MSH-9.2 == "A01"', `'INSURENCE[2].IN1-3 == "A"'`),
      'channels/adt.yaml:11:23 unknown-group ADT_A01 has no group INSURENCE (did you mean INSURANCE?)',
    ],
    [
      'a group that is inside another one',
      channelWith('MSH-9.2 == "A01"', `'PROCEDURE.INSURANCE.IN1-3 == "A"'`),
      'channels/adt.yaml:11:23 unknown-group ADT_A01 has no group INSURANCE inside PROCEDURE',
    ],
    [
      'a group without the segment',
      channelWith('MSH-9.2 == "A01"', `'INSURANCE.PV1-3 == "A"'`),
      'channels/adt.yaml:11:23 unknown-group INSURANCE of ADT_A01 has no segment PV1',
    ],
    [
      'a group to set that no accepted message has',
      channelWith('PID-3.4: RGH', 'PROCEDURES.PR1-3: RGH'),
      'channels/adt.yaml:7:12 unknown-group ADT_A01 has no group PROCEDURES (did you mean PROCEDURE?)',
    ],
    [
      'a place to set that is no path',
      channelWith('PID-3.4: RGH', 'PID.3: RGH'),
      'channels/adt.yaml:7:12 bad-path expected an HL7 path such as PID-3[2].4.1, found "PID.3"',
    ],
    [
      'a message type of another form',
      channelWith('ADT^A08', 'ADT_A08'),
      'channels/adt.yaml:4:31 wrong-value "messages[1]" must match pattern "^[A-Z][A-Z0-9]{2}\\^([A-Z][A-Z0-9]{2}|\\*)$", found "ADT_A08"',
    ],
    [
      'two channels on one port',
      { 'channels/oru.yaml': SITE['channels/adt.yaml']!.replace('channel: adt', 'channel: oru') },
      'channels/oru.yaml:3:17 shared-resource tcp:2575 is taken by channels/adt.yaml',
    ],
    [
      'a channel on the port of the status page',
      channelWith('2575', '8080'),
      'channels/adt.yaml:3:17 shared-resource tcp:8080 is taken by http of pipehat.yaml',
    ],
    [
      'two channels of one name',
      { 'channels/oru.yaml': SITE['channels/adt.yaml']!.replace('2575', '2576') },
      'channels/oru.yaml:1:10 duplicate-name channels/adt.yaml has the name "adt" already',
    ],
    [
      'a reference of another form',
      { 'systems/lab.yaml': 'system: lab\ndescription: Lab\nfile: { path: "a/${LAB}", content: hl7 }\n' },
      'systems/lab.yaml:3:18 bad-reference expected a reference of the form ${env:NAME} or ${file:path}',
    ],
    [
      'a key that is not a reference',
      { 'pipehat.yaml': `${SITE['pipehat.yaml']}master_key: abcdef\n` },
      'pipehat.yaml:3:13 wrong-value "master_key" must match pattern "^\\$\\{(env|file):[^{}]+\\}$", found "abcdef"',
    ],
    [
      'a time zone that is none',
      { 'pipehat.yaml': 'site: demo\ntime_zone: Berlin\n' },
      'pipehat.yaml:2:12 unknown-time-zone "Berlin" is not an IANA time zone, such as Europe/Berlin',
    ],
    [
      'a time zone of a channel that is none',
      channelWith('route:', 'time_zone: CEST5\nroute:'),
      'channels/adt.yaml:9:12 unknown-time-zone "CEST5" is not an IANA time zone, such as Europe/Berlin',
    ],
    [
      'a character set that is none',
      channelWith('[ADT^A01, ADT^A08]', '[ADT^A01, ADT^A08], charset: [8859/20]'),
      `channels/adt.yaml:4:51 wrong-value "charset[0]" must be one of ${CHARSETS}, found "8859/20"`,
    ],
    [
      'a test without its message',
      channelWith('route:', 'tests: [{ in: samples/gone.hl7, expect: { filtered: true } }]\nroute:'),
      'channels/adt.yaml:9:15 missing-file there is no file "samples/gone.hl7"',
    ],
    [
      'a test of a system that the channel does not feed',
      channelWith('route:', 'tests: [{ in: a.hl7, expect: { ehrr: false } }]\nroute:'),
      'channels/adt.yaml:9:32 unknown-system there is no route to "ehrr" (did you mean ehr?)',
    ],
    [
      'a test of two things at once',
      channelWith('route:', 'tests: [{ in: a.hl7, expect: { filtered: true, ehr: false } }]\nroute:'),
      'channels/adt.yaml:9:22 wrong-value expected "filtered: true", an "error" (and "at"), or systems',
    ],
    [
      'a test of an error that is not in the table',
      channelWith('route:', 'tests: [{ in: a.hl7, expect: { error: expression-faild } }]\nroute:'),
      'channels/adt.yaml:9:39 unknown-error there is no error code "expression-faild" (did you mean expression-failed?)',
    ],
  ];
  for (const [what, changes, line] of wrong) {
    it(`finds ${what}`, () => {
      const { configuration, lines } = compile(changes, ['a.hl7']);
      expect(lines).to.deep.equal([line]);
      expect(configuration).to.equal(undefined);
    });
  }

  it('checks groups against what the channel accepts', () => {
    const linesFor = (accept: string, when: string) => {
      const text = channelWith('ADT^A01, ADT^A08', accept)['channels/adt.yaml']!;
      return compile({ 'channels/adt.yaml': text.replace('MSH-9.2 == "A01"', `'${when}'`) }).lines.filter(
        (line) => /:11:/.test(line),
      );
    };
    const order = 'ORDER_OBSERVATION[2].OBX-5 == "A"';
    expect(linesFor('ADT^A01, ORU^R01', order)).to.deep.equal([]);
    expect(linesFor('ORU^*', order)).to.deep.equal([]);
    expect(linesFor('ORU^R01', 'ORDER_OBSERVATION[*].ZZZ-5.exists(one, one == "A")')).to.deep.equal([]);
    expect(linesFor('ORU^R01', 'PATIENT_RESULT.OBX-5 == "A"')).to.deep.equal([
      'channels/adt.yaml:11:23 ambiguous-group OBX stands in several groups: name the one that is meant (PATIENT.PATIENT_OBSERVATION, ORDER_OBSERVATION.OBSERVATION)',
    ]);
    expect(linesFor('ADT^*', order)).to.deep.equal([
      'channels/adt.yaml:11:23 unknown-group ADT_A01, ADT_A02, ADT_A03, … has no group ORDER_OBSERVATION',
    ]);
    expect(linesFor('ZZZ^Z01', order)).to.deep.equal([
      'channels/adt.yaml:11:23 unknown-group HL7 has no groups for the messages that are accepted',
    ]);
  });

  it('does not count a channel wrong for a system whose own file is wrong', () => {
    const { lines } = compile({ 'systems/ehr.yaml': 'system: ehr\ndescription: EHR\nfhir: { base: x }\n' });
    expect(lines.every((line) => line.startsWith('systems/ehr.yaml:3'))).to.equal(true);
  });

  it('takes local segments, and warns of fields beyond the standard', () => {
    expect(compile(channelWith('MSH-9.2 ==', 'ZPD-9.2 ==')).lines).to.deep.equal([]);
    const { configuration, lines } = compile(channelWith('MSH-9.2 ==', 'PID-77 =='));
    expect(lines).to.deep.equal([
      'channels/adt.yaml:11:22 warning: unknown-field HL7 2.8 has no field PID-77',
    ]);
    expect(configuration).to.not.equal(undefined);
  });

  it('warns of accepted messages that the mapping has nothing for', () => {
    const { configuration, lines } = compile(channelWith('ADT^A08', 'ADT^A08, ADT^A03, ORU^*'));
    expect(lines).to.deep.equal([
      'channels/adt.yaml:4:40 warning: unmapped-message the mapping "names" has nothing for ADT^A03: it fails there unless a filter drops it',
    ]);
    expect(configuration).to.not.equal(undefined);
  });

  it('takes references where a text stands, and keeps them', () => {
    const base_url = '${env:EHR_URL}/fhir';
    const { configuration, lines } = compile({
      'systems/ehr.yaml': `system: ehr\ndescription: EHR\nfhir: { base_url: "${base_url}" }\n`,
    });
    expect(lines).to.deep.equal([]);
    expect(configuration?.systems[0]?.destination.options).to.deep.include({ base_url });
  });

  it('lets many channels listen on any free port', () => {
    const other = SITE['channels/adt.yaml']!.replace('channel: adt', 'channel: oru').replace('2575', '0');
    expect(compile({ ...channelWith('2575', '0'), 'channels/oru.yaml': other }).lines).to.deep.equal([]);
  });

  it('reports everything that is wrong at once, in the order of files and lines', () => {
    const { lines } = compile({
      'pipehat.yaml': 'site: Demo\n',
      'systems/lab.yaml': 'system: lab\nfile: [',
      ...channelWith('to: ehr', 'to: her'),
    });
    expect(lines.map((line) => line.split(' ').slice(0, 2).join(' '))).to.deep.equal([
      'channels/adt.yaml:10:11 unknown-system',
      'channels/adt.yaml:11:11 unknown-system',
      'pipehat.yaml:1:1 missing-key',
      'pipehat.yaml:1:7 wrong-value',
      'systems/lab.yaml:2:8 yaml',
    ]);
  });

  it('never throws, whatever stands in the files', () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.constantFrom(...Object.keys(SITE)), fc.nat(400), fc.nat(30), fc.string())
        .map(([file, at, cut, put]) => {
          const whole = SITE[file]!;
          return whole.slice(0, at) + put + whole.slice(at + cut);
        }),
      fc.json(),
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(SITE)), text, (file, changed) => {
        const { configuration, problems } = compile({ [file]: changed });
        expect(configuration !== undefined || problems.length > 0).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });
});
