import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { runCommand } from '../helpers/process.ts';

describe('the commands of the README', () => {
  it('are those that there are', async () => {
    const { stdout } = await runCommand(['--help']);
    const listed = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1]!);
    const page = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const section = page.split('\n## Commands\n')[1]?.split('\n## ')[0] ?? '';
    const named = [...section.matchAll(/^\| `([a-z]+)/gm)].map((match) => match[1]!);
    expect([...named].sort()).to.deep.equal(listed.filter((name) => name !== 'help').sort());
  });
});
