import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import { formatPath, PATH_PATTERN, parsePath } from '../../src/hl7/path.ts';

const number = fc.integer({ min: 1, max: 999 });
const paths = fc
  .record({
    groups: fc.array(
      fc.record({
        name: fc.constantFrom('PATIENT', 'ORDER_OBSERVATION', 'PID', 'G2'),
        index: fc.oneof(number, fc.constant('*' as const)),
      }),
      { maxLength: 3 },
    ),
    segment: fc.constantFrom('PID', 'OBX', 'MSH', 'ZP1', 'PV2'),
    index: fc.oneof(number, fc.constant('*' as const)),
    field: number,
    repetition: fc.oneof(fc.constant(undefined), number, fc.constant('*' as const)),
    component: fc.option(number, { nil: undefined }),
    subcomponent: fc.option(number, { nil: undefined }),
  })
  .map((path) => (path.component === undefined ? { ...path, subcomponent: undefined } : path));

describe('hl7 path', () => {
  it('reads every form', () => {
    const path = {
      groups: [],
      segment: 'PID',
      index: 1,
      field: 3,
      repetition: undefined,
      component: undefined,
      subcomponent: undefined,
    };
    expect(parsePath('PID-3')).to.deep.equal({ ...path, text: 'PID-3' });
    expect(parsePath('PID-3[2].4.1')).to.deep.equal({
      ...path,
      ...{ repetition: 2, component: 4, subcomponent: 1, text: 'PID-3[2].4.1' },
    });
    expect(parsePath('OBX[3]-5')).to.deep.include({ segment: 'OBX', index: 3, field: 5 });
    expect(parsePath('OBX[*]-5[*].1')).to.deep.include({ index: '*', repetition: '*', component: 1 });
    expect(parsePath('PATIENT_RESULT.ORDER_OBSERVATION[2].OBSERVATION[*].OBX-5.1')).to.deep.include({
      groups: [
        { name: 'PATIENT_RESULT', index: 1 },
        { name: 'ORDER_OBSERVATION', index: 2 },
        { name: 'OBSERVATION', index: '*' },
      ],
      ...{ segment: 'OBX', field: 5, component: 1 },
    });
  });

  it('refuses what is no path, and says what one looks like', () => {
    const wrong = [
      '',
      'PID',
      'PID-',
      'PID-0',
      'PID-3.0',
      'PID-3[0]',
      'PID-03',
      'pid-3',
      'PID.3',
      'PID-3.1.2.3',
    ];
    const groups = [
      '.PID-3',
      'G..PID-3',
      'g.PID-3',
      'G[0].PID-3',
      'G.PID',
      'G-1.PID-3',
      'G.H',
      '2G.PID-3',
      'G[2]PID-3',
    ];
    for (const text of [
      ...groups,
      ...wrong,
      ' PID-3',
      'PID-3\n',
      'PIDX-3',
      'PID-3[2',
      'PID[*-3',
      'PID-1234567',
      'PID[1234567]-3',
    ]) {
      expect(() => parsePath(text), text)
        .to.throw(PipehatError, /such as PID-3\[2\]\.4\.1/)
        .with.property('code', 'hl7-bad-path');
    }
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(paths, (path) => {
        const text = formatPath(path);
        expect(parsePath(text)).to.deep.equal({ ...path, text });
      }),
    );
  });

  it('gives a path or its documented error for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'PID-123[]*._') }), (text) => {
        try {
          expect(parsePath(text).text).to.equal(text);
        } catch (error) {
          expect(error).to.have.property('code', 'hl7-bad-path');
        }
      }),
    );
  });

  it('finds paths inside other text', () => {
    const inGroups = 'size(A_B[*].C.OBX[2]-5) > 1 || a.PID-3'.match(new RegExp(PATH_PATTERN, 'g'));
    expect(inGroups).to.deep.equal(['A_B[*].C.OBX[2]-5', 'PID-3']);
    const found = 'PV1-2 in ["I"] && OBX[*]-5[2].1 == PID-3.4.2 || x-1'.match(new RegExp(PATH_PATTERN, 'g'));
    expect(found).to.deep.equal(['PV1-2', 'OBX[*]-5[2].1', 'PID-3.4.2']);
  });
});
