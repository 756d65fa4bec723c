import { expect } from 'chai';
import Value from 'typebox/value';
import { mappingEditorSchema } from '../../src/mapping/editor.ts';
import { readMappingFiles } from '../../src/mapping/load.ts';
import { readYaml } from '../../src/yaml.ts';
import { SITE } from './shipped.ts';

describe("the editors' schema of mapping files", () => {
  const schema = mappingEditorSchema();

  it('takes every shipped file', () => {
    for (const { file, text } of readMappingFiles(SITE).filter((one) => one.file.endsWith('.yaml'))) {
      expect(Value.Check(schema, readYaml(file, text).value)).to.equal(true, file);
    }
  });

  it('knows rules inside rules', () => {
    const map = (rule: object) => ({
      map: 'PID',
      to: 'Patient',
      identity: {},
      rules: { name: { rules: { text: rule } } },
    });
    expect(Value.Check(schema, map({ from: 'PID-5' }))).to.equal(true);
    expect(Value.Check(schema, map({ form: 'PID-5' }))).to.equal(false);
  });
});
