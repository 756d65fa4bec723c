import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { buildTables, formatTables } from '../../scripts/tables.ts';
import { tableOf } from '../../src/hl7/tables.ts';

describe('hl7 tables', () => {
  it('are those of the installed packages', () => {
    const written = readFileSync(new URL('../../src/hl7/tables.json', import.meta.url), 'utf8');
    expect(written === formatTables(buildTables()), 'run: node scripts/tables.ts').to.equal(true);
  });

  it('know since when and until when a version has a code', () => {
    const has = (version: string, code: string) => tableOf(78, version)?.has(code);
    expect(has('2.1', 'H')).to.equal('this version');
    expect(has('2.6', 'POS')).to.equal('other versions');
    expect(has('2.7', 'POS')).to.equal('this version');
    expect(has('2.9', 'POS'), 'as far as the dictionary of fields goes').to.equal('this version');
    expect(has('2.7', 'nonsense')).to.equal('none');
    expect(has('2.7', 'constructor')).to.equal('none');
  });

  it("tell HL7's own tables from those that a site fills", () => {
    const closed = [1, 8, 69, 85, 136, 203, 396].filter((number) => tableOf(number, '2.5.1')!.closed);
    expect(closed).to.deep.equal([8, 85, 136]);
  });

  it('have no list where codes are no list', () => {
    expect([291, 363, 99_999].map((number) => tableOf(number, '2.5.1'))).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('take local codes where the standard gives their form', () => {
    const has = (number: number, code: string) => tableOf(number, '2.5.1')?.has(code);
    expect([
      has(3, 'Z01'),
      has(76, 'ZAA'),
      has(354, 'ADT_Z01'),
      has(396, '99RGH'),
      has(396, 'HL70001'),
    ]).to.deep.equal(Array(5).fill('this version'));
    expect([has(3, 'Q00'), has(396, 'RGH')]).to.deep.equal(['none', 'none']);
  });
});
