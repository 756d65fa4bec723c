import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { buildStructures, formatStructures } from '../../scripts/structures.ts';
import { everyGroupName, structuresOfCode } from '../../src/hl7/grammar.ts';
import { readMessage } from '../../src/hl7/message.ts';
import { type Group, readGroups, structureOf } from '../../src/hl7/structure.ts';

const MSH = 'MSH|^~\\&|';

/** A message of these segments, in groups: `ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) …))`, and what doesn't fit. */
function grouped(structure: string, names: string, version = '2.5.1'): { shape: string; misfits: string[] } {
  const message = readMessage([MSH, ...names.split(' ')].join('\r'));
  const groups = readGroups(message, structure, version);
  return {
    shape: shapeOf(groups),
    misfits: groups.misfits.map(({ position, says }) => `${position}: ${says}`),
  };
}

function shapeOf(group: Group): string {
  const inside = [...group.segments.map(({ name }) => name || '?'), ...group.groups.map(shapeOf)];
  return `${group.name}(${inside.join(' ')})`;
}

/** All segments of a group, at any depth. */
function segmentsIn(group: Group): number {
  return group.groups.reduce((sum, inner) => sum + segmentsIn(inner), group.segments.length);
}

describe('hl7 structure', () => {
  it('tells the structure of a message', () => {
    const of = (code: string, event: string, structure = '') => structureOf({ code, event, structure });
    expect(of('ADT', 'A08')).to.equal('ADT_A01');
    expect(of('ADT', 'A40')).to.equal('ADT_A39');
    expect(of('ORU', 'R01')).to.equal('ORU_R01');
    expect(of('MDM', 'T04')).to.equal('MDM_T02');
    expect(of('ADT', 'A08', 'ADT_X99')).to.equal('ADT_X99');
    expect(of('ADT', 'Z99')).to.equal('ADT_Z99');
    expect(of('ACK', '')).to.equal('ACK');
  });

  it('sorts results to their orders, and notes to what they follow', () => {
    const names = 'PID NTE PV1 ORC OBR NTE OBX NTE NTE OBX OBR OBX SPM OBX PID OBR OBX';
    expect(grouped('ORU_R01', names)).to.deep.equal({
      shape:
        'ORU_R01(MSH ' +
        'PATIENT_RESULT(PATIENT(PID NTE VISIT(PV1)) ' +
        'ORDER_OBSERVATION(ORC OBR NTE OBSERVATION(OBX NTE NTE) OBSERVATION(OBX)) ' +
        'ORDER_OBSERVATION(OBR OBSERVATION(OBX) SPECIMEN(SPM OBX))) ' +
        'PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR OBSERVATION(OBX))))',
      misfits: [],
    });
  });

  it('finds groups by name at any depth', () => {
    const message = readMessage([MSH, 'PID', 'OBR', 'OBX', 'OBX', 'OBR', 'OBX'].join('\r'));
    const whole = readGroups(message, 'ORU_R01', '2.5.1');
    expect(whole.all('OBSERVATION').map(({ segments }) => segments[0]!.position)).to.deep.equal([4, 5, 7]);
    expect(whole.all('ORDER_OBSERVATION')[0]!.all('OBSERVATION')).to.have.length(2);
    expect(whole.all('VISIT')).to.deep.equal([]);
  });

  it('takes either segment of a choice', () => {
    expect(grouped('ORM_O01', 'PID ORC OBR ORC RXO').shape).to.equal(
      'ORM_O01(MSH PATIENT(PID) ORDER(ORC ORDER_DETAIL(OBR)) ORDER(ORC ORDER_DETAIL(RXO)))',
    );
  });

  it('has a grammar for each version, the nearest one where the version has none', () => {
    expect(grouped('ORU_R01', 'PID OBR OBX', '2.3').shape).to.contain('RESPONSE(PATIENT(PID)');
    expect(grouped('ADT_A08', 'EVN PID PV1', '2.3').misfits).to.deep.equal([]);
    // Withdrawn in 2.7.
    expect(grouped('ORM_O01', 'PID ORC OBR', '2.8.2').misfits).to.deep.equal([]);
    for (const version of ['2.8', '2.8.1', '2.8.2', '2.9']) {
      // PRT behind a result came with 2.7.
      expect(grouped('ORU_R01', 'UAC PID PRT OBR OBX PRT', version).misfits, version).to.deep.equal([]);
      expect(grouped('ADT_A39', 'EVN PID MRG', version).misfits, version).to.deep.equal([]);
    }
    expect(grouped('ORU_R01', 'PID PRT OBR OBX', '2.5.1').misfits).to.have.length(1);
    // Came with 2.5.
    expect(grouped('ORU_R30', 'PID OBR OBX', '2.1').shape).to.contain('OBSERVATION(OBX)');
  });

  it('leaves unknown segments where they stand, and reports them', () => {
    expect(grouped('ORU_R01', 'PID ZPI OBR OBX ZZZ OBX')).to.deep.equal({
      shape:
        'ORU_R01(MSH PATIENT_RESULT(PATIENT(PID ZPI) ' +
        'ORDER_OBSERVATION(OBR OBSERVATION(OBX ZZZ) OBSERVATION(OBX))))',
      misfits: ['3: ZPI is no part of ORU_R01', '6: ZZZ is no part of ORU_R01'],
    });
    const [misfit] = grouped('ADT_A01', 'EVN PID PV1 a_broken_line_of_DOE').misfits;
    expect(misfit).to.equal('5: a line that is no segment is no part of ADT_A01');
  });

  it('goes over what is missing, and reports it', () => {
    expect(grouped('ORU_R01', 'PID OBX OBX')).to.deep.equal({
      shape: 'ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBSERVATION(OBX) OBSERVATION(OBX))))',
      misfits: ['3: ORDER_OBSERVATION lacks OBR'],
    });
    expect(grouped('ORU_R01', 'PID ORC ORC OBR').misfits).to.deep.equal(['3: ORDER_OBSERVATION lacks OBR']);
    expect(grouped('ADT_A01', 'EVN PV1').misfits).to.deep.equal(['3: ADT_A01 lacks PID']);
    expect(grouped('ADT_A01', 'EVN PID').misfits).to.deep.equal(['1: ADT_A01 lacks PV1']);
    expect(grouped('ORU_R01', 'PID').misfits).to.deep.equal(['2: PATIENT_RESULT lacks ORDER_OBSERVATION']);
  });

  it('keeps what comes too late or too often, and never gives a patient the results of another', () => {
    expect(grouped('ADT_A01', 'EVN PV1 PID').misfits).to.deep.equal([
      '3: ADT_A01 lacks PID',
      '4: PID comes late in ADT_A01',
    ]);
    expect(grouped('ADT_A01', 'EVN PID PV1 PV1')).to.deep.equal({
      shape: 'ADT_A01(MSH EVN PID PV1 PV1)',
      misfits: ['5: ADT_A01 has at most 1 PV1'],
    });
    // A visit after the results opens no new patient.
    expect(grouped('ORU_R01', 'PID OBR OBX PV1 OBX')).to.deep.equal({
      shape:
        'ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR OBSERVATION(OBX PV1) OBSERVATION(OBX))))',
      misfits: ['5: PV1 has its place elsewhere in ORU_R01'],
    });
  });

  it('has the data of the package', () => {
    const written = readFileSync(new URL('../../src/hl7/structures.json', import.meta.url), 'utf8');
    expect(written === formatStructures(buildStructures())).to.equal(true, 'run: node scripts/structures.ts');
  });

  it('knows the structures of each event of a code, and every group', () => {
    expect(structuresOfCode('ORU')).to.include.members(['ORU_R01', 'ORU_R30']);
    expect(structuresOfCode('ADT')).to.include('ADT_A39').and.not.include('ORU_R01');
    expect(structuresOfCode('ZZZ')).to.deep.equal([]);
    const groups = everyGroupName();
    expect([...groups]).to.include.members(['ORDER_OBSERVATION', 'SUBJECT_PERSON_ANIMAL_IDENTIFICATION']);
    expect([...groups].every((name) => /^[A-Z][A-Z0-9_]*$/.test(name))).to.equal(true);
  });

  it('says the place of what does not fit as ERL wants it, and its code of table 0357', () => {
    const of = (structure: string, names: string) =>
      readGroups(readMessage([MSH, ...names.split(' ')].join('\r')), structure, '2.5.1').misfits.map(
        ({ segment, index, position, condition }) => `${segment}^${index} at ${position}: ${condition}`,
      );
    expect(of('ADT_A01', 'EVN PID PV1 PV1 ZZZ ZZZ')).to.deep.equal([
      'PV1^2 at 5: 100',
      'ZZZ^1 at 6: 100',
      'ZZZ^2 at 7: 100',
    ]);
    // The second order's OBR would be the second OBR of the message.
    expect(of('ORU_R01', 'PID OBR OBX ORC OBX')).to.deep.equal(['OBR^2 at 6: 101']);
    // Of a missing group, the segment that it would start with.
    expect(of('ORU_R01', 'PID')).to.deep.equal(['OBR^1 at 2: 101']);
    expect(of('ADT_A01', 'EVN PV1 PID')).to.deep.equal(['PID^1 at 3: 101', 'PID^1 at 4: 100']);
    expect(of('ADT_A01', 'EVN PID PV1 no_segment')).to.deep.equal(['^1 at 5: 100']);
    expect(of('ZZZ_Z01', 'PID')).to.deep.equal(['MSH^1 at 1: 100']);
  });

  it('leaves an order and a patient whole whose segments are not in order', () => {
    expect(grouped('ORU_R01', 'PID ORC NTE OBR OBX ORC OBR OBX')).to.deep.equal({
      shape:
        'ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(ORC NTE OBR OBSERVATION(OBX)) ' +
        'ORDER_OBSERVATION(ORC OBR OBSERVATION(OBX))))',
      misfits: ['4: ORDER_OBSERVATION lacks OBR', '5: OBR comes late in ORDER_OBSERVATION'],
    });
    expect(grouped('ORU_R01', 'PV1 PID OBR OBX')).to.deep.equal({
      shape: 'ORU_R01(MSH PATIENT_RESULT(PATIENT(PID VISIT(PV1)) ORDER_OBSERVATION(OBR OBSERVATION(OBX))))',
      misfits: ['2: PATIENT lacks PID', '3: PID comes late in PATIENT'],
    });
    // Results, and then an OBR: they are not its results, nor is a PID behind them their patient.
    expect(grouped('ORU_R01', 'PID ORC OBX OBR OBX').shape).to.contain(
      'ORDER_OBSERVATION(ORC OBSERVATION(OBX)) ORDER_OBSERVATION(OBR OBSERVATION(OBX))',
    );
    expect(grouped('ORU_R01', 'PV1 OBR OBX PID OBR OBX').shape).to.contain(') PATIENT_RESULT(PATIENT(PID) ');
  });

  it('reads a structure that nobody knows as one group', () => {
    expect(grouped('ZZZ_Z01', 'PID ZPI')).to.deep.equal({
      shape: 'ZZZ_Z01(MSH PID ZPI)',
      misfits: ['1: no version of HL7 has the structure ZZZ_Z01'],
    });
    expect(grouped('constructor', 'PID').misfits).to.have.length(1);
  });

  it('gives every segment one place, whatever comes', () => {
    const names = fc.constantFrom(...'PID PV1 ORC OBR OBX NTE SPM ZPI MSH IN1 ROL RXO x'.split(' '));
    const structures = fc.constantFrom('ADT_A01', 'ADT_A39', 'ORU_R01', 'ORM_O01', 'VXU_V04', 'REF_I12', 'X');
    const versions = fc.constantFrom('2.1', '2.3', '2.5.1', '2.8', '');
    fc.assert(
      fc.property(fc.array(names, { maxLength: 30 }), structures, versions, (given, structure, version) => {
        const message = readMessage([MSH, ...given].join('\r'));
        const whole = readGroups(message, structure, version);
        expect(segmentsIn(whole)).to.equal(message.segments.length);
      }),
      { numRuns: 300 },
    );
  });
});
