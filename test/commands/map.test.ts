import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { Bundle } from '@medplum/fhirtypes';
import { expect } from 'chai';
import fc from 'fast-check';
import { addMap, resultOf } from '../../src/commands/map.ts';
import { splitMessages } from '../../src/hl7/split.ts';
import { folderWith, lines, ROOT, removeFolders, run, runProcess } from './pipehat.ts';

interface Line {
  readonly file: string;
  readonly ok: boolean;
  readonly bundle?: Bundle;
  readonly error?: { readonly code: string; readonly message: string; readonly path: string | null };
  readonly warnings?: unknown;
}

const ADMIT = 'samples/adt-a01-admit.hl7';
const BAD = 'samples/bad/no-msh.hl7';

const sample = (file: string) => readFileSync(join(ROOT, file));
const hl7Files = (folder: string) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.hl7'))
    .sort()
    .map((name) => join(folder, name));

describe('pipehat map', () => {
  after(removeFolders);

  it('prints the Bundle of one message', async () => {
    const { code, out } = await run(addMap, ['map', ADMIT]);
    const bundle = JSON.parse(out) as Bundle;
    expect(bundle).to.include({ resourceType: 'Bundle', type: 'transaction' });
    expect(bundle.entry?.map(({ resource }) => resource?.resourceType)).to.include.members([
      'Patient',
      'Encounter',
    ]);
    expect(out).to.match(/^\{\n {2}"resourceType"/);
    expect(code).to.equal(0);
  });

  it('gives a line for each sample, good or bad, and each Bundle is valid FHIR', async () => {
    const folders = ['samples', 'samples/bad', 'samples/batch'];
    const { code, out, err } = await run(addMap, ['map', ...folders, '--validate']);
    const found = lines<Line>(out);
    const expected = folders.flatMap(hl7Files).flatMap((file) => {
      const count = [...splitMessages(sample(file))].length;
      return count === 1 ? [file] : Array.from({ length: count }, (_, i) => `${file}#${i + 1}`);
    });
    expect(found.map(({ file }) => file)).to.deep.equal(expected);
    for (const { file, ok, bundle, error } of found) {
      expect(bundle !== undefined, file).to.equal(ok);
      expect(error?.code, file).to.not.be.oneOf(['internal', 'bundle-invalid']);
      if (!ok) expect(error, file).to.have.all.keys('code', 'message', 'path');
    }
    expect(found.filter(({ ok }) => ok).length).to.be.at.least(30);
    expect(err.match(/^pipehat: warning: \S+hl7: \w+/gm)).to.deep.equal([
      'pipehat: warning: samples/bad/batch-count-wrong.hl7: BTS',
      'pipehat: warning: samples/bad/batch-cut-off.hl7: BTS',
      'pipehat: warning: samples/bad/batch-cut-off.hl7: FTS',
    ]);
    expect(code).to.equal(1);
  });

  it('maps the messages of a batch whose count is wrong, warns, and exits with 1', async () => {
    const cwd = await folderWith({ 'a.hl7': `BHS|^~\\&\r${sample(ADMIT).toString()}BTS|2\r` });
    const { code, out, err } = await run(addMap, ['map', 'a.hl7', '--json'], { cwd });
    expect(lines<Line>(out).map(({ ok }) => ok)).to.deep.equal([true]);
    expect(err).to.match(/^pipehat: warning: a\.hl7: BTS-1: expected 2 messages .*\[batch-count-wrong\]\n/);
    expect(code).to.equal(1);
  });

  it('takes messages one after another from standard input, as a process', async () => {
    const refused = sample('samples/bad/type-not-accepted.hl7');
    const { code, out } = await runProcess(['map'], Buffer.concat([sample(ADMIT), refused, sample(ADMIT)]));
    expect(lines<Line>(out).map(({ file, ok, error }) => [file, ok, error?.code])).to.deep.equal([
      ['-#1', true, undefined],
      ['-#2', false, 'mapping-no-map'],
      ['-#3', true, undefined],
    ]);
    expect(code).to.equal(1);
  });

  it('gives a line for one message of standard input, and with --json', async () => {
    const stdin = Readable.from([sample(ADMIT)]);
    const [piped] = lines<Line>((await run(addMap, ['map', '-'], { stdin })).out);
    const [named] = lines<Line>((await run(addMap, ['map', ADMIT, '--json'])).out);
    expect(piped).to.include({ file: '-', ok: true });
    expect(named).to.include({ file: ADMIT, ok: true });
    expect(piped?.bundle).to.deep.equal(named?.bundle);
  });

  it('prints as it goes: a line is there before the input ends', async () => {
    const seen = Promise.withResolvers<void>();
    const stdin = Readable.from(
      (async function* () {
        yield Buffer.concat([sample(ADMIT), sample(ADMIT), sample(ADMIT)]);
        await seen.promise;
      })(),
    );
    const stdout = new Writable({
      write(_chunk, _encoding, done) {
        seen.resolve();
        done();
      },
    });
    expect((await run(addMap, ['map'], { stdin, stdout })).code).to.equal(0);
  });

  it('stops reading when interrupted', async () => {
    const interrupt = new AbortController();
    const stdin = new Readable({ read: () => interrupt.abort() });
    const { code, out } = await run(addMap, ['map'], { stdin, interrupted: interrupt.signal });
    expect({ code, out }).to.deep.equal({ code: 3, out: '' });
  });

  it('makes a fault of ours the error `internal`, without its text', () => {
    const { error } = resultOf({ file: 'a.hl7', bytes: Buffer.alloc(0) }, () => {
      throw new TypeError('Lindqvist is not a function');
    });
    expect(error).to.include({ code: 'internal', message: 'Pipehat has a fault here' });
  });

  it('says what is wrong with the one message, and exits with 1', async () => {
    const { code, out, err } = await run(addMap, ['map', BAD]);
    expect(err).to.include('[hl7-no-msh]');
    expect({ code, out }).to.deep.equal({ code: 1, out: '' });
  });

  it('gives files that are missing or empty their line too', async () => {
    const cwd = await folderWith({ 'empty.hl7': '' });
    const { code, out } = await run(addMap, ['map', 'empty.hl7', 'missing.hl7', join(ROOT, ADMIT)], { cwd });
    const found = lines<Line>(out).map(({ ok, error }) => [ok, error?.code]);
    expect(found).to.deep.equal([
      [false, 'input-empty'],
      [false, 'input-unreadable'],
      [true, undefined],
    ]);
    expect(code).to.equal(1);
  });

  it('exits with 3 where the one file is missing, and where the mapping is', async () => {
    expect((await run(addMap, ['map', 'missing.hl7'])).code).to.equal(3);
    const { code, err } = await run(addMap, ['map', ADMIT, '--mapping', 'v2-to-fir', '--json']);
    const { error } = JSON.parse(err) as { error: { code: string; message: string } };
    expect(error).to.include({ code: 'mapping-unknown' });
    expect(error.message).to.include('did you mean v2-to-fhir?');
    expect(code).to.equal(3);
  });

  it('reads times in the zone of the site, or the one it is told; without a site in UTC', async () => {
    const cwd = await folderWith({ 'in.hl7': sample('samples/adt-a03-ed-discharge.hl7') });
    const offsets = async (...args: string[]) => {
      const { out } = await run(addMap, ['map', 'in.hl7', ...args], { cwd });
      const encounter = (JSON.parse(out) as Bundle).entry?.find(
        ({ resource }) => resource?.resourceType === 'Encounter',
      );
      return JSON.stringify(encounter).match(/T\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:\d\d)/)?.[1];
    };
    expect(await offsets()).to.be.oneOf(['Z', '+00:00']);
    expect(await offsets('--site', ROOT)).to.match(/^\+0[12]:00$/);
    expect(await offsets('--site', ROOT, '--time-zone', 'Asia/Tokyo')).to.equal('+09:00');
    expect((await run(addMap, ['map', 'in.hl7', '--time-zone', 'Mars/Base'], { cwd })).code).to.equal(2);
  });

  it('does not run a mapping that has problems', async () => {
    const cwd = await folderWith({
      'pipehat.yaml': 'site: demo\ntime_zone: UTC\n',
      'mappings/v2-to-fhir/PID.yaml': 'map: PID\nto: Pacient\nrules: {}\n',
    });
    const { code, err } = await run(addMap, ['map', join(ROOT, ADMIT)], { cwd });
    expect(err).to.include('[configuration-wrong]').and.include('mappings/v2-to-fhir/PID.yaml:');
    expect(code).to.equal(3);
  });

  it('gives one line for any message, whatever is in it', async () => {
    const good = sample(ADMIT).toString('latin1');
    const wreck = fc
      .record({
        at: fc.nat(good.length),
        cut: fc.nat(40),
        text: fc.string({ unit: 'binary', maxLength: 20 }),
      })
      .map(({ at, cut, text }) => `${good.slice(0, at)}${text}${good.slice(at + cut)}`);
    const messages = fc.sample(wreck, { numRuns: 200, seed: 7 }).map((text) => Buffer.from(text, 'utf8'));
    const input = Buffer.concat(
      messages.flatMap((message) => [Buffer.of(0x0b), message, Buffer.from('\x1c\r')]),
    );
    const { out, err } = await run(addMap, ['map'], { stdin: Readable.from([input]) });
    const found = lines<Line>(out);
    expect(found.length).to.be.at.least(messages.length);
    expect(found.filter(({ error }) => error?.code === 'internal')).to.deep.equal([]);
    expect(err).to.equal('');
  });
});
