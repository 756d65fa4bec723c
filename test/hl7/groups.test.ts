import { expect } from 'chai';
import { grammarOf } from '../../src/hl7/grammar.ts';
import { type Way, wayOf } from '../../src/hl7/groups.ts';
import { readMessage } from '../../src/hl7/message.ts';
import { parsePath } from '../../src/hl7/path.ts';

const MSH = 'MSH|^~\\&|LAB|GHH|ENGINE|HUB|20260301||ORU^R01^ORU_R01|1|P|2.5.1';

const oru = readMessage(
  [
    MSH,
    ...['PID|1||A', 'NTE|1||of A', 'ORC|RE|o1', 'OBR|1|o1', 'NTE|1||of o1'],
    ...[
      'OBX|1|NM|a||1.1',
      'NTE|1||of 1.1',
      'OBX|2|NM|b||1.2~1.3',
      'ZOB|z1',
      'OBR|2|o2',
      'OBX|1|NM|a||2.1',
      'ZOB|z2',
      'SPM|1',
      'OBX|1|NM|s||spec',
    ],
    ...['PID|2||B', 'OBR|1|o3', 'OBX|1|NM|a||3.1', 'NTE|1||of 3.1'],
  ].join('\r'),
);

const value = (path: string, message = oru) => message.value(parsePath(path));
const values = (path: string, message = oru) => message.values(parsePath(path));

/** The way of a path down a grammar, in full. */
function way(structure: string, path: string): string {
  const found = wayOf(grammarOf(structure, '2.8')!, parsePath(path));
  if ('noWay' in found) return `${found.noWay.kind} ${found.noWay.name}`;
  const { groups, inside }: Way = found.way;
  return [...groups.map((steps) => steps.join('.')), `(${inside?.join('.') ?? 'nowhere'})`].join(' ');
}

describe('hl7 groups by path', () => {
  it('finds a group by its whole name, and its segment there', () => {
    const order = 'PATIENT_RESULT.ORDER_OBSERVATION[2]';
    expect(value(`${order}.OBSERVATION[1].OBX-5`)).to.equal('2.1');
    expect(value(`${order}.OBR-2`)).to.equal('o2');
    expect(value('PATIENT_RESULT[2].ORDER_OBSERVATION.OBSERVATION.OBX-5')).to.equal('3.1');
    expect(value('PATIENT_RESULT[2].PATIENT.PID-3')).to.equal('B');
    expect(value(`${order}.OBSERVATION[2].OBX-5`)).to.equal('');
  });

  it('takes a short name that leaves groups out, and counts over all of them', () => {
    expect(value('ORDER_OBSERVATION[2].OBX-5')).to.equal('2.1');
    expect(value('ORDER_OBSERVATION[3].OBX-5')).to.equal('3.1');
    expect(value('ORDER_OBSERVATION.OBX[2]-5')).to.equal('1.2');
    expect(value('OBSERVATION[2].OBX-5[2]')).to.equal('1.3');
    expect(value('ORDER_OBSERVATION[2].SPECIMEN.OBX-5')).to.equal('spec');
  });

  it('never gives a segment of another group', () => {
    // The first order has a note, the second none; those of its results are not its own.
    expect(value('ORDER_OBSERVATION[1].NTE-3')).to.equal('of o1');
    expect(value('ORDER_OBSERVATION[3].NTE-3')).to.equal('');
    expect(values('PATIENT[*].NTE[*]-3')).to.deep.equal(['of A']);
    expect(value('ORDER_OBSERVATION[2].ORC-2')).to.equal('');
  });

  it('gives every value on request, group by group', () => {
    expect(values('ORDER_OBSERVATION[*].OBSERVATION[*].OBX-5')).to.deep.equal([
      '1.1',
      '1.2',
      '1.3',
      '2.1',
      '3.1',
    ]);
    expect(values('ORDER_OBSERVATION[*].OBSERVATION.OBX-5')).to.deep.equal(['1.1', '2.1', '3.1']);
    expect(values('PATIENT_RESULT[1].ORDER_OBSERVATION[*].OBR-2')).to.deep.equal(['o1', 'o2']);
    expect(value('ORDER_OBSERVATION[*].OBR-2')).to.equal('o1');
  });

  it('finds local segments in the group that they stand in, at any depth', () => {
    expect(value('ORDER_OBSERVATION[2].ZOB-1')).to.equal('z2');
    expect(values('PATIENT_RESULT[1].ZOB[*]-1')).to.deep.equal(['z1', 'z2']);
    // PID comes late, so that its group has a segment behind those of the group inside.
    const late = readMessage([MSH, 'PV1|1', 'ZOB|z1', 'PID|1', 'ZOB|z2', 'OBR|1'].join('\r'));
    expect(values('PATIENT[1].ZOB[*]-1', late)).to.deep.equal(['z1', 'z2']);
  });

  it('names groups as the newest version does, whatever the version of the message', () => {
    // Up to 2.3.1 the group was called RESPONSE.
    const old = readMessage(oru.text.replace('ORU^R01^ORU_R01|1|P|2.5.1', 'ORU^R01|1|P|2.3'));
    expect(value('PATIENT_RESULT.ORDER_OBSERVATION[2].OBSERVATION.OBX-5', old)).to.equal('2.1');
    for (const version of ['2.8', '2.8.1', '2.8.2', '2.9', '']) {
      const one = readMessage(oru.text.replace('2.5.1', version));
      expect(value('ORDER_OBSERVATION[2].OBX-5', one), version).to.equal('2.1');
    }
  });

  it('goes by the event where MSH-9.3 names a structure that nobody knows', () => {
    const wrong = readMessage(oru.text.replace('ORU_R01|', 'ORU_X99|'));
    expect(value('ORDER_OBSERVATION[2].OBX-5', wrong)).to.equal('2.1');
    const unknown = readMessage(oru.text.replace('ORU^R01^ORU_R01', 'ZZZ^Z01'));
    expect(values('ORDER_OBSERVATION[*].OBX[*]-5', unknown)).to.deep.equal([]);
  });

  it('sorts a message once', () => {
    expect(oru.groups()).to.equal(oru.groups());
  });

  it('says which name leads nowhere, and which to several places', () => {
    expect(way('ORU_R01', 'PATIENT_RESULT.ORDER_OBSERVATION.OBX-5')).to.equal(
      'PATIENT_RESULT ORDER_OBSERVATION (OBSERVATION)',
    );
    expect(way('ORU_R01', 'OBSERVATION.OBX-5')).to.equal('PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION ()');
    expect(way('ORU_R01', 'ORDER_OBSERVATION.ZZZ-5')).to.equal('PATIENT_RESULT.ORDER_OBSERVATION (nowhere)');
    expect(way('ORU_R01', 'PATIENT.ORDER_OBSERVATION.OBX-5')).to.equal('unknown ORDER_OBSERVATION');
    expect(way('ORU_R01', 'ORDER_OBSERVATIONS.OBX-5')).to.equal('unknown ORDER_OBSERVATIONS');
    // In the patient and in the orders, at the same depth.
    expect(way('ORU_R01', 'PATIENT_RESULT.OBX-5')).to.equal('ambiguous OBX');
  });
});
