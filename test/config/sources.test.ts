import { expect } from 'chai';
import { compileConfiguration } from '../../src/config/load.ts';
import { readDefinitions } from '../../src/fhir/definitions.ts';
import { formatProblem } from '../../src/problem.ts';
import { registry } from '../../src/registry.ts';

const definitions = readDefinitions();

/** What lint says of a site whose channels have these sources. */
function problems(...sources: string[]): string[] {
  const files = [
    { file: 'pipehat.yaml', text: 'site: demo\ntime_zone: UTC\n' },
    {
      file: 'systems/lab.yaml',
      text: 'system: lab\ndescription: Lab\nfile: { path: lab.ndjson, content: hl7 }\n',
    },
    ...sources.map((source, i) => ({
      file: `channels/c${i}.yaml`,
      text: `channel: c${i}\ndescription: Files\nsource: ${source}\naccept: { messages: [ADT^*] }\nroute: [{ to: lab }]\n`,
    })),
  ];
  return compileConfiguration(files, { registry, definitions }, () => true).problems.map(formatProblem);
}

const SFTP = `host: h, user: u, host_fingerprint: "SHA256:${'a'.repeat(43)}", path: /in`;

describe('sources of files in a configuration', () => {
  it('may not share a folder', () => {
    const [problem, ...others] = problems('{ folder: { path: /in } }', '{ folder: { path: /in/ } }');
    expect(problem).to.match(
      /^channels\/c1\.yaml:3:\d+ shared-resource folder:\/in is taken by channels\/c0\.yaml$/,
    );
    expect(others).to.deep.equal([]);
    expect(problems('{ folder: { path: /in } }', '{ folder: { path: /out } }')).to.deep.equal([]);
  });

  it('may not share a folder of a server', () => {
    const login = `password: "\${env:P}"`;
    const found = problems(`{ sftp: { ${SFTP}, ${login} } }`, `{ sftp: { ${SFTP}, port: 22, ${login} } }`);
    expect(found.join()).to.include('shared-resource sftp:h:22/in is taken by channels/c0.yaml');
  });

  it('name an absolute path, or refer to one', () => {
    expect(problems('{ folder: { path: in } }').join()).to.include('channels/c0.yaml:3:');
    expect(problems(`{ folder: { path: "\${env:IN}" } }`)).to.deep.equal([]);
  });

  it('refer to secrets, and never hold them', () => {
    for (const key of ['password', 'private_key', 'passphrase']) {
      const problem = problems(`{ sftp: { ${SFTP}, ${key}: secret } }`).join();
      expect(problem, key).to.include('channels/c0.yaml:3:').and.include(key);
      expect(problems(`{ sftp: { ${SFTP}, ${key}: "\${file:/run/secret}" } }`), key).to.deep.equal([]);
    }
  });

  it('name the host key that is trusted', () => {
    const login = `host: h, user: u, path: /in, password: "\${env:P}"`;
    expect(problems(`{ sftp: { ${login} } }`).join()).to.include('host_fingerprint');
    expect(problems(`{ sftp: { ${login}, host_fingerprint: any } }`).join()).to.include('host_fingerprint');
  });
});
