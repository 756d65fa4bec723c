import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { addTest } from '../../src/commands/test.ts';
import { folderWith, removeFolders, run } from './pipehat.ts';

const MESSAGE = 'MSH|^~\\&|HIS|RGH|X|Y|20260101||ADT^A01|1|P|2.5\rPID|1||1\r';

const channel = (name: string, port: number, expected: string) => `channel: ${name}
description: For tests
source: { mllp: { port: ${port} } }
accept: { messages: [ADT^A01] }
route: [{ to: lab }]
tests:
  - in: in.hl7
    expect: { lab: ${expected} }
`;

/** Channel `a` passes its test; `b` expects another message. */
const SITE = {
  'pipehat.yaml': 'site: demo\ntime_zone: UTC\n',
  'systems/lab.yaml': 'system: lab\ndescription: Lab\nmllp: { host: localhost, port: 1 }\n',
  'channels/a.yaml': channel('a', 2575, 'right.hl7'),
  'channels/b.yaml': channel('b', 2576, 'wrong.hl7'),
  'in.hl7': MESSAGE,
  'right.hl7': MESSAGE,
  'wrong.hl7': MESSAGE.replace('PID|1||1', 'PID|1||2'),
};

describe('pipehat test', () => {
  after(removeFolders);

  it('tells which tests passed, and where outputs differ; exits with 1', async () => {
    const cwd = await folderWith(SITE);
    const { code, out } = await run(addTest, ['test'], { cwd });
    expect(out).to.equal(
      '✓ a  in.hl7\n✗ b  in.hl7\n    lab: segment 2, PID-3: expected "2", found "1"\n1 passed, 1 failed.\n',
    );
    expect(code).to.equal(1);
  });

  it('runs the tests of one channel file', async () => {
    const cwd = await folderWith(SITE);
    const { code, out } = await run(addTest, ['test', 'channels/a.yaml'], { cwd });
    expect({ code, out }).to.deep.equal({ code: 0, out: '✓ a  in.hl7\n1 passed.\n' });
  });

  it('--update writes expected files and says which', async () => {
    const cwd = await folderWith(SITE);
    const { code, out } = await run(addTest, ['test', '--update'], { cwd });
    expect(out).to.equal('✓ a  in.hl7\n✓ b  in.hl7\n    wrote wrong.hl7\n2 passed.\n');
    expect(code).to.equal(0);
    expect(await readFile(join(cwd, 'wrong.hl7'), 'utf8')).to.equal(MESSAGE);
  });

  it('leaves the files of other channels alone', async () => {
    const cwd = await folderWith(SITE);
    await run(addTest, ['test', 'channels/a.yaml', '--update'], { cwd });
    expect(await readFile(join(cwd, 'wrong.hl7'), 'utf8')).to.equal(SITE['wrong.hl7']);
  });

  it('prints the results as JSON', async () => {
    const cwd = await folderWith(SITE);
    const { code, out } = await run(addTest, ['test', '--json'], { cwd });
    expect(JSON.parse(out)).to.deep.equal([
      { channel: 'a', in: 'in.hl7', differences: [], updated: [], ok: true },
      {
        channel: 'b',
        in: 'in.hl7',
        differences: ['lab: segment 2, PID-3: expected "2", found "1"'],
        updated: [],
        ok: false,
      },
    ]);
    expect(code).to.equal(1);
  });

  it('exits with 3 where the site has problems', async () => {
    const cwd = await folderWith({ ...SITE, 'systems/lab.yaml': 'system: lab\n' });
    const { code, err } = await run(addTest, ['test'], { cwd });
    expect(err).to.include('[configuration-wrong]').and.include('pipehat lint');
    expect(code).to.equal(3);
  });
});
