import { Readable } from 'node:stream';
import { expect } from 'chai';
import { addInspect } from '../../src/commands/inspect.ts';
import type { Inspection } from '../../src/hl7/inspect.ts';
import { folderWith, lines, removeFolders, run } from './pipehat.ts';

const MESSAGE =
  'MSH|^~\\&|HIS|RGH|||20260101||ADT^A01|1|P|2.5\rEVN|A01|20260101\rPID|1||7^^^RGH||A^B\rZZZ|1\r';

describe('pipehat inspect', () => {
  after(removeFolders);

  it('shows each field with path, name, type and value in columns, and what is off the structure', async () => {
    const cwd = await folderWith({ 'in.hl7': MESSAGE });
    const { code, out } = await run(addInspect, ['inspect', 'in.hl7'], { cwd });
    expect(out).to.match(/^in\.hl7 {2}ADT\^A01 {2}2\.5 {2}ADT_A01\n\nMSH {2}Message header/i);
    expect(out).to.match(
      /^ {2}PID-3 +Patient Identifier List +CX +7\^\^\^RGH\n {4}PID-3\.1 +ID Number +ST +7$/im,
    );
    expect(out).to.match(/Off the structure ADT_A01:\n(?:.*\n)*.*ZZZ is no part of ADT_A01/);
    const columns = new Set(
      out.split('\n').flatMap((line) => /^ {2}PID-\d+ +\S.*? {2,}[A-Z]{2,3} +/.exec(line)?.[0].length ?? []),
    );
    expect(columns.size).to.equal(1);
    expect(out).not.to.include('\u001b');
    expect(code).to.equal(0);
  });

  it('dims names on a terminal, unless NO_COLOR says no', async () => {
    const cwd = await folderWith({ 'in.hl7': MESSAGE });
    const dimmed = await run(addInspect, ['inspect', 'in.hl7'], { cwd, tty: true });
    expect(dimmed.out).to.match(/\u001b\[2m.*Patient Identifier List/i);
    const plain = await run(addInspect, ['inspect', 'in.hl7'], { cwd, tty: true, env: { NO_COLOR: '1' } });
    expect(plain.out).not.to.include('\u001b');
  });

  it('prints the whole inspection as JSON', async () => {
    const cwd = await folderWith({ 'in.hl7': MESSAGE });
    const { out } = await run(addInspect, ['inspect', 'in.hl7', '--json'], { cwd });
    const [line] = lines<Inspection & { file: string; type: string; version: string }>(out);
    expect(line).to.include({ file: 'in.hl7', type: 'ADT^A01', version: '2.5', structure: 'ADT_A01' });
    expect(line?.segments.map(({ name }) => name)).to.deep.equal(['MSH', 'EVN', 'PID', 'ZZZ']);
    expect(line?.misfits).not.to.deep.equal([]);
  });

  it('shows every message of standard input, and goes on after a bad one', async () => {
    const stdin = Readable.from([Buffer.from(`hello\r\n${MESSAGE}${MESSAGE}`)]);
    const { code, out } = await run(addInspect, ['inspect', '-', '--json'], { stdin });
    const found = lines<{ file: string; error?: { code: string } }>(out);
    expect(found.map(({ file, error }) => [file, error?.code])).to.deep.equal([
      ['-#1', 'hl7-no-msh'],
      ['-#2', undefined],
      ['-#3', undefined],
    ]);
    expect(code).to.equal(1);
  });

  it('shows the messages of a batch that was cut off, warns, and exits with 1', async () => {
    const cwd = await folderWith({ 'in.hl7': `BHS|^~\\&\r${MESSAGE}` });
    const { code, out, err } = await run(addInspect, ['inspect', 'in.hl7'], { cwd });
    expect(out).to.match(/^in\.hl7 {2}ADT\^A01/);
    expect(err).to.include(
      'pipehat: warning: in.hl7: BTS: expected BTS to end what BHS began (line 1, byte 0)',
    );
    expect(code).to.equal(1);
  });

  it('does not let a message steer the terminal, nor fill it', async () => {
    const cwd = await folderWith({
      'in.hl7': `${MESSAGE}NTE|1||\u001b[2Jgone\rOBX|1|TX|a||${'x'.repeat(5000)}\r`,
    });
    const { out } = await run(addInspect, ['inspect', 'in.hl7'], { cwd });
    expect(out).to.include('␛[2Jgone').and.include('… (5000 characters)').and.not.include('x'.repeat(300));
  });

  it('exits with 3 where there is no such file', async () => {
    const { code, err } = await run(addInspect, ['inspect', 'no-such.hl7']);
    expect(err).to.include("can't read no-such.hl7 (ENOENT) [input-unreadable]");
    expect(code).to.equal(3);
  });
});
