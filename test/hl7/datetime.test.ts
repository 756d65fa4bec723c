import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import { readDtm, toDate, toDateTime, toInstant, toTime } from '../../src/hl7/datetime.ts';

const dateTime = (text: string, zone = 'Europe/Berlin') => toDateTime(readDtm(text), zone);

/** FHIR R4, data types: the regular expressions of `dateTime` and `time`, the former with its offset required. */
const FHIR_DATE_TIME =
  /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00)))?)?)?$/;
const FHIR_TIME = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?$/;

describe('hl7 datetime', () => {
  it('keeps the precision', () => {
    expect(dateTime('2024')).to.equal('2024');
    expect(dateTime('202402')).to.equal('2024-02');
    expect(dateTime('20240229')).to.equal('2024-02-29');
    expect(dateTime('20240229+0500')).to.equal('2024-02-29');
    expect(dateTime('202402291530+0500')).to.equal('2024-02-29T15:30:00+05:00');
    expect(dateTime('2024022915-0330')).to.equal('2024-02-29T15:00:00-03:30');
    expect(dateTime('20240229153059.1234+0000')).to.equal('2024-02-29T15:30:59.1234+00:00');
    expect(dateTime(' 20240229 ')).to.equal('2024-02-29');
    expect(toDate(readDtm('202402291530+0500'))).to.equal('2024-02-29');
  });

  it('takes the offset of the zone at that time where none is written', () => {
    expect(dateTime('202401151200')).to.equal('2024-01-15T12:00:00+01:00');
    expect(dateTime('202407151200')).to.equal('2024-07-15T12:00:00+02:00');
    expect(dateTime('202407151200', 'Asia/Kolkata')).to.equal('2024-07-15T12:00:00+05:30');
    expect(dateTime('202407151200', 'America/Chicago')).to.equal('2024-07-15T12:00:00-05:00');
    // Before zones, local time had seconds in its offset; FHIR has none.
    expect(dateTime('188001151200')).to.equal('1880-01-15T12:00:00+00:53');
  });

  it('refuses a time that the clocks skipped, and takes the first of one that they showed twice', () => {
    expect(() => dateTime('202403310230'))
      .to.throw(PipehatError)
      .with.property('code', 'hl7-bad-date');
    expect(dateTime('202403310230+0100')).to.equal('2024-03-31T02:30:00+01:00');
    expect(dateTime('202410270230')).to.equal('2024-10-27T02:30:00+02:00');
  });

  it('refuses other forms and the impossible, and quotes nothing of it', () => {
    const forms = [
      '',
      '24',
      '20240',
      '2024-02-29',
      '20240229T1530',
      '202402291',
      '20240229153059.',
      'unknown',
    ];
    const impossible = ['20230229', '20241301', '20240100', '2024022924', '202402291560', '20240229153060'];
    const offsets = ['20240229+2500', '20240229+0060', '20240229-1401', '2024+1'];
    for (const text of [...forms, ...impossible, ...offsets, '00000000', '0000']) {
      expect(() => readDtm(text), text)
        .to.throw(PipehatError)
        .with.property('code', 'hl7-bad-date');
    }
    expect(() => readDtm('19991399')).not.to.throw(/1999/);
  });

  it('needs a time of day for an instant', () => {
    expect(toInstant(readDtm('202402291530'), 'UTC')).to.equal('2024-02-29T15:30:00+00:00');
    expect(() => toInstant(readDtm('20240229'), 'UTC')).to.throw(PipehatError);
  });

  it('reads times of day', () => {
    expect(toTime('15')).to.equal('15:00:00');
    expect(toTime('1530')).to.equal('15:30:00');
    expect(toTime('153059.5+0100')).to.equal('15:30:59.5');
    for (const text of ['', '24', '1560', '153060', '15:30', '1', '1530+9900']) {
      expect(() => toTime(text), text)
        .to.throw(PipehatError)
        .with.property('code', 'hl7-bad-date');
    }
  });

  it('gives what FHIR allows, or the documented error, for any text', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789.+-'), maxLength: 24 });
    const likely = fc
      .record({
        at: fc.date({ min: new Date('1850-01-01'), max: new Date('2150-01-01'), noInvalidDate: true }),
        length: fc.constantFrom(4, 6, 8, 10, 12, 14),
        offset: fc.constantFrom('', '+0000', '-0000', '-0330', '+1400', '+1500'),
      })
      .map(({ at, length, offset }) => at.toISOString().replaceAll(/\D/g, '').slice(0, length) + offset);
    const zones = fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'America/St_Johns',
      'Pacific/Apia',
      'Africa/Monrovia',
    );
    fc.assert(
      fc.property(fc.oneof(digits, likely), zones, (text, zone) => {
        const results: [RegExp, () => string][] = [
          [FHIR_DATE_TIME, () => dateTime(text, zone)],
          [FHIR_TIME, () => toTime(text)],
        ];
        for (const [form, convert] of results) {
          try {
            expect(convert()).to.match(form);
          } catch (error) {
            if (!(error instanceof PipehatError)) throw error;
            expect(error.code).to.equal('hl7-bad-date');
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});
