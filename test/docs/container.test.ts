import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parse } from 'yaml';
import { loadFolder } from '../../src/config/load.ts';
import { readDefinitions } from '../../src/fhir/definitions.ts';
import { registry } from '../../src/registry.ts';

const ROOT = new URL('../../', import.meta.url);

interface Compose {
  readonly services: Readonly<Record<string, { readonly ports?: readonly string[] }>>;
}

describe('the site of the container', () => {
  it('has no problems, and its ports are published on loopback only', async () => {
    const { configuration, problems } = await loadFolder(fileURLToPath(new URL('docker/site', ROOT)), {
      registry,
      definitions: readDefinitions(),
    });
    expect(problems).to.deep.equal([]);
    const { services } = parse(readFileSync(new URL('docker-compose.yml', ROOT), 'utf8')) as Compose;
    const published = Object.values(services).flatMap(({ ports = [] }) => ports);
    expect(published.filter((port) => !/^127\.0\.0\.1:(\d+):\1$/.test(port))).to.deep.equal([]);
    const listening = [configuration!.site.http.port, ...configuration!.channels.map(portOf)];
    expect(services['engine']?.ports).to.have.members(listening.map((port) => `127.0.0.1:${port}:${port}`));
  });
});

function portOf({ source }: { source: { options: Readonly<Record<string, unknown>> } }): unknown {
  return source.options['port'];
}
