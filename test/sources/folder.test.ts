import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Default } from 'typebox/value';
import type { Source } from '../../src/component.ts';
import { type Files, FileTrouble } from '../../src/sources/files.ts';
import { folder } from '../../src/sources/folder.ts';
import { localFiles } from '../../src/sources/local-files.ts';
import { createPickup } from '../../src/sources/pickup.ts';
import { eventually } from '../contract/destination.ts';
import { createTestIntake, type Intake, message, pickupContract } from '../contract/pickup.ts';

type Options = Parameters<typeof folder.create>[0];

const defaults = (path: string): Options => Default(folder.options, { path }) as Options;

pickupContract('folder', async () => {
  const root = await mkdtemp(join(tmpdir(), 'pipehat-folder-'));
  const path = join(root, 'in');
  await mkdir(path);
  return {
    folder: path,
    address: /^\/.*\/in$/,
    create: (options, context) => folder.create({ ...options, path }, context),
    close: () => rm(root, { recursive: true }),
  };
});

describe('source folder', () => {
  let root: string;
  let intake: Intake;
  let source: Source | undefined;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'pipehat-folder-'));
    intake = createTestIntake();
  });

  afterEach(async () => {
    await source?.stop(2000);
    source = undefined;
    await rm(root, { recursive: true });
  });

  const start = async (files: Partial<Files>): Promise<void> => {
    source = createPickup(
      { protocol: 'folder', address: root, path: root, files: { ...localFiles, ...files } },
      { ...defaults(root), poll_ms: 5, stable_ms: 1, archive_by_day: false },
      intake.context,
    );
    await source.start();
  };
  const denied = new FileTrouble('denied', 'EACCES', undefined);

  it('claims its folder, however it is written', () => {
    const claims = ['/in', '/in/', '/in/../in', '//in'].map((path) => folder.resources(defaults(path)));
    expect(claims).to.deep.equal(Array.from({ length: 4 }, () => ['folder:/in']));
  });

  it('waits for a file to settle, and archives by day, unless it is told otherwise', () => {
    expect(defaults('/in')).to.deep.include({
      ...{ poll_ms: 1000, stable_ms: 2000, after: 'archive', archive_by_day: true, batch_counts: 'reject' },
      ...{ acks: false, patterns: ['*.hl7'], claim_ms: 15_000 },
    });
  });

  it('puts back a file that it may not read, tells once, and takes the others', async () => {
    await writeFile(join(root, 'a.hl7'), message('1'));
    await writeFile(join(root, 'b.hl7'), message('2'));
    await start({
      async *read(path) {
        if (path.endsWith('a.hl7')) throw denied;
        yield* localFiles.read(path);
      },
    });
    await eventually(() => localFiles.exists(join(root, 'archive/b.hl7')));
    await writeFile(join(root, 'c.hl7'), message('3'));
    await eventually(() => localFiles.exists(join(root, 'archive/c.hl7')));
    expect(intake.taken).to.deep.equal(['2', '3']);
    expect(await localFiles.exists(join(root, 'a.hl7'))).to.equal(true);
    expect(intake.lines.filter((line) => line.includes('a.hl7'))).to.have.length(1);
  });

  it('leaves a file where it may not move it, tells once, and takes the others', async () => {
    await writeFile(join(root, 'a.hl7'), message('1'));
    await writeFile(join(root, 'b.hl7'), message('2'));
    await start({
      async move(from, to) {
        if (from === join(root, 'a.hl7')) throw denied;
        await localFiles.move(from, to);
      },
    });
    await eventually(() => localFiles.exists(join(root, 'archive/b.hl7')));
    await writeFile(join(root, 'c.hl7'), message('3'));
    await eventually(() => localFiles.exists(join(root, 'archive/c.hl7')));
    expect(intake.taken).to.deep.equal(['2', '3']);
    expect(intake.lines.filter((line) => line.includes('a.hl7'))).to.have.length(1);
  });

  it('is not disturbed by a file that vanishes, or that somebody still writes to after it was taken', async () => {
    await writeFile(join(root, 'a.hl7'), message('1'));
    await writeFile(join(root, 'b.hl7'), message('2'));
    let grown = false;
    let putBack = 0;
    await start({
      async move(from, to) {
        if (from === join(root, 'a.hl7')) await rm(from);
        if (to === join(root, 'b.hl7')) putBack += 1;
        await localFiles.move(from, to);
        if (from !== join(root, 'b.hl7') || grown) return;
        grown = true;
        await writeFile(to, message('2') + message('3'));
      },
    });
    await eventually(() => localFiles.exists(join(root, 'archive/b.hl7')));
    expect(intake.came.map(({ text }) => text)).to.deep.equal([message('2'), message('3')]);
    expect(putBack, 'until it settles again').to.equal(1);
    expect(intake.lines.join()).not.to.include('not picked up');
  });

  it('does not follow what became a link after it was listed', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'pipehat-outside-'));
    await writeFile(join(outside, 'secret.hl7'), message('1'));
    await writeFile(join(root, 'a.hl7'), message('1'));
    await start({
      async move(from, to) {
        await localFiles.move(from, to);
        if (from !== join(root, 'a.hl7')) return;
        await rm(to);
        await symlink(join(outside, 'secret.hl7'), to);
      },
    });
    await eventually(() => intake.lines.some((line) => line.includes('ELOOP')));
    expect(intake.came).to.deep.equal([]);
    await rm(outside, { recursive: true });
  });

  it('goes on with a file of its own after trouble in the middle of it', async () => {
    await writeFile(join(root, 'a.hl7'), message('1') + message('2'));
    let reads = 0;
    await start({
      async *read(path) {
        reads += 1;
        if (reads !== 2) return yield* localFiles.read(path);
        yield Buffer.from(`${message('1')}MSH|\r`);
        throw new FileTrouble('failed', 'EIO', undefined);
      },
    });
    await eventually(() => localFiles.exists(join(root, 'archive/a.hl7')));
    expect(intake.taken).to.deep.equal(['1', '2']);
    expect(intake.came.map(({ id }) => id)).to.deep.equal(['1', '1', '2']);
  });

  it('overwrites nothing, and says what is missing', async () => {
    await writeFile(join(root, 'a'), 'a');
    await writeFile(join(root, 'b'), 'b');
    const reason = async (work: Promise<unknown>) =>
      work.then(
        () => 'done',
        (error: unknown) => (error instanceof FileTrouble ? error.kind : error),
      );
    expect(await reason(localFiles.move(join(root, 'a'), join(root, 'b')))).to.equal('failed');
    expect(await reason(localFiles.move(join(root, 'c'), join(root, 'd')))).to.equal('absent');
    expect(await reason(localFiles.list(join(root, 'none')))).to.equal('absent');
    await rename(join(root, 'a'), join(root, 'c'));
    expect((await localFiles.list(root)).map(({ name, size }) => [name, size]).sort()).to.deep.equal([
      ['b', 1],
      ['c', 1],
    ]);
  });
});
