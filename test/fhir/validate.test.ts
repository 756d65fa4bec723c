import type { Resource } from '@medplum/fhirtypes';
import { expect } from 'chai';
import { readDefinitions } from '../../src/fhir/definitions.ts';
import { createValidator } from '../../src/fhir/validate.ts';

describe('the validator', () => {
  const validate = createValidator(readDefinitions());

  it('finds nothing in a valid resource', () => {
    expect(validate({ resourceType: 'Patient', birthDate: '1970-01-02' })).to.deep.equal([]);
  });

  it('names the element and what is wrong', () => {
    const findings = validate({
      resourceType: 'Observation',
      status: 'final',
      birthday: 1,
    } as unknown as Resource);
    expect(findings.map(({ at }) => at)).to.include.members(['Observation.code', 'Observation.birthday']);
    expect(findings.every(({ severity, says }) => severity === 'error' && says !== '')).to.equal(true);
  });

  it('answers for things that are no resources at all', () => {
    for (const thing of [{}, { resourceType: 'Nonsense' }]) {
      expect(validate(thing as Resource)).not.to.deep.equal([]);
    }
  });
});
