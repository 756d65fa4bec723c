import { expect } from 'chai';
import fc from 'fast-check';
import { describeIssues, readOutcome } from '../../src/fhir/outcome.ts';
import { refusal, retryAfter_ms } from '../../src/fhir/outcome-refusal.ts';

const outcome = (...issue: object[]) => JSON.stringify({ resourceType: 'OperationOutcome', issue });

describe('fhir/outcome', () => {
  it('tells severity, code, coded details and elements', () => {
    const text = outcome(
      { severity: 'error', code: 'value', expression: ['Patient.birthDate', 'Patient.name[0].given'] },
      { severity: 'warning', code: 'duplicate', details: { coding: [{ code: 'MSG_DUPLICATE_ID' }] } },
    );
    expect(describeIssues(readOutcome(text))).to.equal(
      'error value at Patient.birthDate, Patient.name[0].given; warning duplicate MSG_DUPLICATE_ID',
    );
  });

  it('leaves out free text and values in expressions', () => {
    const text = outcome({
      severity: 'error',
      code: 'value',
      diagnostics: 'Zwetschgenknoedel is no name',
      details: { text: 'Zwetschgenknoedel', coding: [{ display: 'Zwetschgenknoedel', code: 'MRN 4711' }] },
      expression: ["Patient.name.where(family='Zwetschgenknoedel')", 'Patient.identifier.where(value=4711)'],
    });
    expect(describeIssues(readOutcome(text))).to.equal('error value');
  });

  it('shows three issues and counts the rest', () => {
    const issue = { severity: 'error', code: 'required' };
    const text = outcome(issue, issue, issue, issue, issue);
    expect(describeIssues(readOutcome(text))).to.match(/^(error required; ){3}and 2 more$/);
  });

  it('finds no issue in what is no OperationOutcome', () => {
    for (const text of [
      '',
      '<html>',
      'null',
      '[]',
      '{"resourceType":"Patient"}',
      '{"resourceType":"OperationOutcome"}',
    ]) {
      expect(readOutcome(text)).to.deep.equal([]);
    }
  });

  it('takes any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (issue) => {
        expect(
          describeIssues(readOutcome(JSON.stringify({ resourceType: 'OperationOutcome', issue }))),
        ).to.be.a('string');
      }),
    );
  });
});

describe('fhir/outcome-refusal', () => {
  const expected: [number, string | undefined, string?][] = [
    [200, undefined],
    [201, undefined],
    [204, undefined],
    [302, 'fhir-refused', 'permanent'],
    [400, 'fhir-refused', 'permanent'],
    [401, 'fhir-unauthorized', 'transient'],
    [404, 'fhir-refused', 'permanent'],
    [408, 'fhir-busy', 'transient'],
    [409, 'fhir-conflict', 'transient'],
    [412, 'fhir-no-single-match', 'permanent'],
    [422, 'fhir-refused', 'permanent'],
    [425, 'fhir-busy', 'transient'],
    [429, 'fhir-busy', 'transient'],
    [500, 'fhir-busy', 'transient'],
    [501, 'fhir-refused', 'permanent'],
    [503, 'fhir-busy', 'transient'],
  ];
  for (const [status, code, errorClass] of expected) {
    it(`sorts ${status}: ${code ?? 'accepted'}`, () => {
      const error = refusal(status, [], ['Patient']);
      expect(error?.code).to.equal(code);
      expect(error?.class).to.equal(errorClass);
    });
  }

  it('refuses a status that is none', () => {
    expect(refusal(Number.NaN, [], ['Patient'])?.code).to.equal('fhir-refused');
  });

  it('reads Retry-After as seconds and as a date', () => {
    const now = Date.parse('2026-01-05T10:00:00Z');
    expect(retryAfter_ms('120', now)).to.equal(120_000);
    expect(retryAfter_ms('Mon, 05 Jan 2026 10:00:30 GMT', now)).to.equal(30_000);
    expect(retryAfter_ms('Mon, 05 Jan 2026 09:00:00 GMT', now)).to.equal(0);
    expect(retryAfter_ms('soon', now)).to.equal(undefined);
    expect(retryAfter_ms(undefined, now)).to.equal(undefined);
  });
});
