import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { lint } from '../../src/config/lint.ts';
import { loadConfiguration, loadFolder } from '../../src/config/load.ts';
import { PipehatError } from '../../src/errors.ts';
import { formatProblem } from '../../src/problem.ts';
import { channelWith, context, SITE } from './fixture.ts';

describe('lint', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pipehat-lint-'));
    for (const [file, text] of Object.entries(SITE)) await write(file, text);
  });

  afterEach(() => rm(folder, { recursive: true }));

  async function write(file: string, text: string) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }

  const lines = async (path: string) => (await lint(join(folder, path), context)).map(formatProblem);

  it('finds nothing in a site that is right', async () => {
    expect(await lines('.')).to.deep.equal([]);
  });

  it('tells of the file or folder it was asked about, read within its site', async () => {
    await write('channels/adt.yaml', channelWith('to: ehr', 'to: her')['channels/adt.yaml']!);
    await write('systems/lab.yaml', 'system: lab\n');
    const channel = 'channels/adt.yaml:10:11 unknown-system there is no system "her" (did you mean ehr?)';
    expect(await lines('channels/adt.yaml')).to.deep.equal([channel]);
    expect(await lines('channels')).to.deep.equal([channel]);
    expect(await lines('systems/ehr.yaml')).to.deep.equal([]);
    expect((await lines('.')).length).to.be.greaterThan(1);
  });

  it('tells of files that it does not read, and passes over what editors leave', async () => {
    await write('channels/oru.yml', '');
    await write('channels/notes.txt', '');
    await write('channels/.adt.yaml.swp', '');
    await write('channels/adt.yaml~', '');
    expect(await lines('.')).to.deep.equal([
      'channels/notes.txt:1:1 unknown-file expected a file with the ending .yaml',
      'channels/oru.yml:1:1 unknown-file expected a file with the ending .yaml',
    ]);
  });

  it('says when there is no site', async () => {
    await rm(join(folder, 'pipehat.yaml'));
    const error = await lint(folder, context).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(PipehatError).with.property('code', 'site-not-found');
  });

  it('gives the same configuration for the same files, and throws for wrong ones', async () => {
    const { configuration } = await loadFolder(folder, context);
    expect((await loadConfiguration(folder, context)).hash).to.equal(configuration?.hash);
    await write('systems/lab.yaml', 'system: lab\n');
    const error = await loadConfiguration(folder, context).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(PipehatError).with.property('code', 'configuration-wrong');
    expect((error as Error).message).to.contain('systems/lab.yaml:1:1');
  });
});
