import { expect } from 'chai';
import { problemsOf, storedFindings } from '../../src/engine/findings.ts';
import { PipehatError } from '../../src/errors.ts';
import type { Finding, Findings } from '../../src/hl7/finding.ts';
import { readMessage } from '../../src/hl7/message.ts';
import { validate } from '../../src/hl7/validate.ts';

const refused = new PipehatError('message-invalid', { count: '1 error', says: 'x' }, { at: 'PID-5' });
const finding = (severity: Finding['severity'], position: number): Finding => ({
  severity,
  rule: severity === 'error' ? 'wrong-type' : 'too-long',
  path: `OBX[${position}]-5`,
  condition: '102',
  segment: 'OBX',
  index: position,
  field: 5,
  position,
  says: 'expected a number (NM), found other text of 3 characters',
});
const findings = (found: Finding[], more = 0): Findings => ({ found, more, errors: 1, counts: new Map() });

describe('findings of the engine', () => {
  it('give an answer each error with its own place and condition, ten at most, and no warning', () => {
    const found = Array.from({ length: 24 }, (_, i) => finding(i % 2 === 0 ? 'warning' : 'error', i + 1));
    const problems = problemsOf(refused, findings(found));
    expect(problems).to.have.length(10);
    expect(problems[0]).to.include({ code: 'wrong-type', condition: '102', at: 'OBX[2]-5' });
    expect(problems.map(({ at }) => at)).not.to.include('OBX[1]-5');
  });

  it('leave an answer to what was refused for another reason as it is', () => {
    const other = new PipehatError('control-id-missing', {}, { at: 'MSH-10' });
    expect(problemsOf(other, undefined)).to.have.length(1);
    expect(problemsOf(other, undefined)[0]).to.include({
      code: 'control-id-missing',
      condition: '101',
      at: 'MSH-10',
    });
  });

  it('are kept as places, rules and words; nothing is kept where nothing was found', () => {
    expect(storedFindings(findings([]))).to.equal(undefined);
    expect(JSON.parse(storedFindings(findings([finding('error', 1)], 4))!)).to.deep.equal({
      list: [
        {
          severity: 'error',
          rule: 'wrong-type',
          path: 'OBX[1]-5',
          condition: '102',
          says: 'expected a number (NM), found other text of 3 characters',
        },
      ],
      more: 4,
    });
  });

  it('hold nothing of what the fields hold', () => {
    const text =
      'MSH|^~\\&|HIS|RGH|||SECRETDATE||ADT^A01^ADT_A01|1|P|2.5.1\rEVN||SECRET\rPID|SECRET||SECRET^^^SECRET^SECRET^SECRET||SECRET||SECRET|SECRET~SECRET\rSECRET LINE\rPV1|SECRET|SECRET';
    const found = validate(readMessage(text), '2.5.1');
    expect(found.errors).to.be.greaterThan(4);
    expect(storedFindings(found)).not.to.include('SECRET');
  });
});
