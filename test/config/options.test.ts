// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in configuration have this form
import { expect } from 'chai';
import { channelSchema } from '../../src/config/channel.ts';
import { systemSchema } from '../../src/config/system.ts';
import { registry } from '../../src/registry.ts';
import { checkShape, readYaml } from '../../src/yaml.ts';

const lines = (schema: Parameters<typeof checkShape>[0], text: string): string[] =>
  checkShape(schema, readYaml('file.yaml', text)).map(({ line, rule, says }) => `${line} ${rule} ${says}`);

const channel = (tls: string): string[] =>
  lines(
    channelSchema(registry.sources),
    `channel: adt\ndescription: x\nsource: { mllp: { port: 1, tls: { ${tls} } } }\naccept: { messages: [ADT^A01] }\nroute: [{ to: x }]\n`,
  );

describe('options of components', () => {
  it('take references below their own level, where a text must have a form', () => {
    expect(channel('cert: "${file:a}", key: "${env:KEY}"')).to.deep.equal([]);
    expect(channel('cert: "-----BEGIN CERTIFICATE-----", key: "${file:b}"')).to.deep.equal([]);
    expect(channel('cert: tls/server.pem, key: "${file:b}"').join()).to.include('3 wrong-value "cert"');
  });

  it('take what is secret by reference only', () => {
    for (const key of ['-----BEGIN PRIVATE KEY-----', '${file:b} and more']) {
      expect(channel(`cert: "\${file:a}", key: "${key}"`).join()).to.include('3 wrong-value "key"');
    }
    const system = `system: lab\ndescription: x\nmllp: { host: a, port: 1, tls: { passphrase: secret } }\n`;
    expect(lines(systemSchema(registry.destinations), system).join()).to.include('wrong-value "passphrase"');
  });

  it('keep what is optional so', () => {
    const system = `system: lab\ndescription: x\nmllp: { host: a, port: 1, tls: {} }\n`;
    expect(lines(systemSchema(registry.destinations), system)).to.deep.equal([]);
  });
});
