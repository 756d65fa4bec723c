import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import {
  formatDtm,
  fromFhir,
  fromTime,
  isTimeZone,
  readDtm,
  toDate,
  toDateTime,
  toInstant,
  toTime,
} from '../../src/hl7/datetime.ts';

const dateTime = (text: string, zone = 'Europe/Berlin') => toDateTime(readDtm(text), zone).text;

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

  it('means as much as TS.2 says, and takes no other word there for one', () => {
    const cases: [string, string, string][] = [
      ['Y', '2024', '2024'],
      ['L', '2024-02', '202402'],
      ['D', '2024-02-29', '20240229'],
      ['H', '2024-02-29T15:00:00+01:00', '2024022915'],
      ['M', '2024-02-29T15:30:00+01:00', '202402291530'],
      ['S', '2024-02-29T15:30:59.12+01:00', '20240229153059.12'],
    ];
    for (const [degree, text, dtm] of [
      ...cases,
      ['', cases[5]![1], cases[5]![2]],
      ['X', cases[5]![1], cases[5]![2]],
    ]) {
      const read = readDtm('20240229153059.12', degree);
      expect(toDateTime(read, 'Europe/Berlin').text, degree).to.equal(text);
      expect(formatDtm(read), degree).to.equal(dtm);
    }
    expect(toDateTime(readDtm('2024', 'S'), 'UTC').text).to.equal('2024');
    expect(() => readDtm('20240230', 'L')).to.throw(PipehatError);
  });

  it('takes Z after a time for +0000', () => {
    expect(dateTime('202402291530Z')).to.equal('2024-02-29T15:30:00+00:00');
    expect(dateTime('20240229153059.5Z')).to.equal('2024-02-29T15:30:59.5+00:00');
    expect(toTime('1530Z')).to.equal('15:30:00');
    for (const text of ['2024Z', '20240229Z', 'Z']) expect(() => readDtm(text), text).to.throw(PipehatError);
  });

  it('says what it assumed', () => {
    const assumed = (text: string) => toDateTime(readDtm(text), 'Europe/Berlin').assumed;
    expect(assumed('20240229')).to.equal(undefined);
    expect(assumed('202402291530+0000')).to.equal(undefined);
    expect(assumed('202402291530')).to.equal('zone');
    expect(assumed('202410270230')).to.equal('repeated');
    expect(assumed('202410270330')).to.equal('zone');
    expect(toDateTime(readDtm('202407011200'), '-03:30')).to.deep.equal({
      ...{ text: '2024-07-01T12:00:00-03:30', assumed: 'zone' },
    });
  });

  it('knows the names of zones, those of old too, and no offsets', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'US/Eastern', 'Asia/Calcutta'])
      expect(isTimeZone(zone)).to.equal(true);
    for (const zone of ['', 'Berlin', '+01:00', 'Europe/Berlinn', 'CEST5'])
      expect(isTimeZone(zone)).to.equal(false);
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
      '20240229153059.1234567890',
      '2024022915:30',
      '20240229 1530',
      '""',
      'unknown',
    ];
    const impossible = [
      '20230229',
      '20241301',
      '20240100',
      '2024022924',
      '202402291560',
      '20240229153060',
      '2024022924',
      '202402292400',
    ];
    const offsets = ['20240229+2500', '20240229+0060', '20240229-1401', '2024+1'];
    for (const text of [...forms, ...impossible, ...offsets, '00000000', '0000']) {
      expect(() => readDtm(text), text)
        .to.throw(PipehatError)
        .with.property('code', 'hl7-bad-date');
    }
    expect(() => readDtm('19991399')).not.to.throw(/1999/);
  });

  it('needs a time of day for an instant', () => {
    expect(toInstant(readDtm('202402291530'), 'UTC').text).to.equal('2024-02-29T15:30:00+00:00');
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

  const digit = (length: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: length, maxLength: length });
  const fraction = fc.oneof(
    fc.constant(''),
    fc
      .integer({ min: 1, max: 9 })
      .chain(digit)
      .map((text) => `.${text}`),
  );
  const moment = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-30'), noInvalidDate: true });
  const offset = fc.constantFrom('+00:00', '-03:30', '+05:45', '+14:00', '-12:00');

  it('keeps a FHIR date, dateTime or instant on its way to HL7 and back', () => {
    const fhir = fc
      .tuple(moment, fc.constantFrom(4, 7, 10, 19), fraction, offset)
      .map(([at, length, part, zone]) => {
        const text = at.toISOString().slice(0, length);
        return length === 19 ? `${text}${part}${zone}` : text;
      });
    fc.assert(
      fc.property(fhir, (text) => {
        const dtm = formatDtm(fromFhir(text));
        expect(toDateTime(readDtm(dtm), 'Europe/Berlin')).to.deep.equal({ text, assumed: undefined });
      }),
    );
    expect(formatDtm(fromFhir('2024-02-29T15:30:59Z'))).to.equal('20240229153059+0000');
  });

  it('keeps a DTM of every precision that FHIR has on its way there and back', () => {
    const dtm = fc
      .tuple(moment, fc.constantFrom(4, 6, 8, 14), fraction, offset)
      .map(([at, length, part, zone]) => {
        const text = at.toISOString().replaceAll(/\D/g, '').slice(0, length);
        return length === 14 ? `${text}${part}${zone.replace(':', '')}` : text;
      });
    fc.assert(
      fc.property(dtm, (text) => {
        expect(formatDtm(fromFhir(toDateTime(readDtm(text), 'UTC').text))).to.equal(text);
        expect(formatDtm(readDtm(text))).to.equal(text);
      }),
    );
  });

  it('keeps a FHIR time on its way to TM and back', () => {
    const time = fc.tuple(moment, fraction).map(([at, part]) => `${at.toISOString().slice(11, 19)}${part}`);
    fc.assert(
      fc.property(time, (text) => {
        expect(toTime(fromTime(text))).to.equal(text);
      }),
    );
  });

  it('refuses FHIR text of another form and the impossible', () => {
    for (const text of [
      '',
      '2024-2',
      '2024-02-30',
      '2024-02-29T15:30Z',
      '2024-02-29T15:30:00',
      '2024-02-29T24:00:00Z',
      '20240229',
    ]) {
      expect(() => fromFhir(text), text)
        .to.throw(PipehatError)
        .with.property('code', 'fhir-bad-date');
    }
    for (const text of ['', '15:30', '24:00:00', '15:30:00Z']) {
      expect(() => fromTime(text), text)
        .to.throw(PipehatError)
        .with.property('code', 'fhir-bad-date');
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
