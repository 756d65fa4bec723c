import { join } from 'node:path';
import { expect } from 'chai';
import { addLint } from '../../src/commands/lint.ts';
import type { Problem } from '../../src/problem.ts';
import { folderWith, ROOT, removeFolders, run, runProcess } from './pipehat.ts';

const BAD_SITE = { 'pipehat.yaml': 'site: demo\ntime_zone: Europe/Berlin\nhtp: { port: 1 }\n' };

describe('pipehat lint', () => {
  after(removeFolders);

  it('finds nothing in the shipped site', async () => {
    const { code, out, err } = await run(addLint, ['lint']);
    expect({ code, out, err }).to.deep.equal({ code: 0, out: 'No problems.\n', err: '' });
  });

  it('prints problems as file:line:column rule message, and exits with 1', async () => {
    const cwd = await folderWith(BAD_SITE);
    const { code, out } = await run(addLint, ['lint'], { cwd });
    expect(out).to.match(/^pipehat\.yaml:3:1 unknown-key .*\bhttp\b.*\n1 error\.\n$/);
    expect(code).to.equal(1);
  });

  it('names files as seen from the current folder', async () => {
    const site = await folderWith(BAD_SITE);
    const cwd = await folderWith({});
    const { out } = await run(addLint, ['lint', site], { cwd });
    expect(join(cwd, out.split(':')[0]!)).to.equal(join(site, 'pipehat.yaml'));
  });

  it('prints the problems as JSON', async () => {
    const cwd = await folderWith(BAD_SITE);
    const { code, out } = await run(addLint, ['lint', '--json'], { cwd });
    const [problem, ...others] = JSON.parse(out) as Problem[];
    expect(problem).to.include({ file: 'pipehat.yaml', line: 3, column: 1, rule: 'unknown-key' });
    expect(others).to.deep.equal([]);
    expect(code).to.equal(1);
  });

  it('looks only at the path it is given', async () => {
    const cwd = await folderWith({ ...BAD_SITE, 'channels/empty.yaml': '' });
    const { out } = await run(addLint, ['lint', 'channels'], { cwd });
    expect(out).to.include('channels/empty.yaml:').and.not.include('pipehat.yaml:');
  });

  it('exits with 3 where there is no site', async () => {
    const cwd = await folderWith({});
    const { code, out, err } = await run(addLint, ['lint', '--json'], { cwd });
    expect(JSON.parse(err)).to.have.nested.property('error.code', 'site-not-found');
    expect({ code, out }).to.deep.equal({ code: 3, out: '' });
  });

  it('is a command of pipehat, with exit codes of the process', async () => {
    const site = await folderWith(BAD_SITE);
    expect((await runProcess(['lint', site], '')).code).to.equal(1);
    expect((await runProcess(['lint', join(ROOT, 'pipehat.yaml')], '')).code).to.equal(0);
    expect((await runProcess(['lint', '--strict'], '')).code).to.equal(2);
  });
});
