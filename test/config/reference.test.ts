// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in configuration have this form
import { expect } from 'chai';
import Type from 'typebox';
import { resolveOptions, resolveReferences } from '../../src/config/reference.ts';
import { PipehatError } from '../../src/errors.ts';

const secrets: Record<string, string> = { 'env:HOST': 'ehr.example', 'file:secrets/token': 's3cret' };

function resolve(reference: string): string {
  const found = secrets[reference];
  if (found === undefined) throw new PipehatError('reference-unresolved', { reference, reason: 'not set' });
  return found;
}

describe('references', () => {
  it('are resolved wherever a text stands, whole or in part', () => {
    const options = {
      base_url: 'https://${env:HOST}/fhir',
      headers: [{ authorization: 'Bearer ${file:secrets/token}' }],
      port: 1,
      on: true,
    };
    expect(resolveReferences(options, resolve)).to.deep.equal({
      base_url: 'https://ehr.example/fhir',
      headers: [{ authorization: 'Bearer s3cret' }],
      port: 1,
      on: true,
    });
    expect(options.base_url, 'the configuration itself').to.contain('${env:HOST}');
  });

  it('fail when nothing stands behind them', () => {
    expect(() => resolveReferences({ a: '${env:GONE}' }, resolve)).to.throw(PipehatError, 'env:GONE');
  });

  it('are checked once resolved, without telling the secret', () => {
    const definition = {
      type: 'fhir',
      options: Type.Object({ base_url: Type.String({ pattern: '^https?://' }) }),
    };
    const good = resolveOptions(definition, { base_url: 'https://${env:HOST}' }, resolve);
    expect(good).to.deep.equal({ base_url: 'https://ehr.example' });
    expect(() => resolveOptions(definition, { base_url: '${file:secrets/token}' }, resolve))
      .to.throw(PipehatError, 'fhir.base_url')
      .with.property('message')
      .that.does.not.contain('s3cret');
  });
});
