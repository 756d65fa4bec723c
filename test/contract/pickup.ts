/**
 * What every source of files must do, as one suite, over a folder of this machine that lies behind it. The test of each
 * kind calls {@link pickupContract}; how a kind connects it tests itself.
 */
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Accept, Answer, Connection, Source, SourceContext } from '../../src/component.ts';
import { type ErrorCode, errorDefinition, PipehatError } from '../../src/errors.ts';
import { buildAck } from '../../src/hl7/ack.ts';
import { readHeader } from '../../src/hl7/header.ts';
import type { PickupOptions } from '../../src/sources/pickup-options.ts';
import { sourceContext } from '../helpers/contexts.ts';
import { eventually, PLANTED_NAME } from './destination.ts';

/** A way to a folder. */
export interface PickupTrial {
  /** The folder that files are picked up from, on this machine. */
  readonly folder: string;
  /** What the source calls it. */
  readonly address: RegExp;
  create(options: PickupOptions, context: SourceContext): Source;
  close(): Promise<void>;
}

/** Quick looks; a file is picked up once it was the same twice. */
const options: PickupOptions = {
  patterns: ['*.hl7'],
  poll_ms: 5,
  stable_ms: 1,
  order: 'name',
  after: 'archive',
  archive: 'archive',
  archive_by_day: false,
  error: 'error',
  acks: false,
  max_bytes: 1_000_000,
  batch_counts: 'reject',
  claim_ms: 400,
};

/** One message. */
export function message(id: string): string {
  return `MSH|^~\\&|LAB|CLINIC|PIPEHAT|RGH|2026||ORU^R01|${id}|P|2.5\rPID|1||||${PLANTED_NAME}\r`;
}

/** The store of an engine, as far as a source sees it. */
export interface Intake {
  readonly context: SourceContext;
  /** Control ids of what was taken, in order, without those that came again. */
  readonly taken: string[];
  /** Everything that came in, also again. */
  readonly came: { readonly id: string; readonly text: string; readonly from: Connection }[];
  /** What was refused as a whole. */
  readonly refused: { readonly error: PipehatError; readonly head: string }[];
  /** Codes for control ids that are answered otherwise than AA. */
  readonly codes: Map<string, ErrorCode>;
  readonly lines: string[];
  readonly connections: number[];
  /** Called before each answer. */
  before: (id: string) => void | Promise<void>;
}

/** An intake that has nothing yet. */
export function createTestIntake(): Intake {
  const seen = new Set<string>();
  const lines: string[] = [];
  const answerOf = (bytes: Uint8Array, error: PipehatError | undefined): Answer => {
    const header = bytes[0] === 0x4d ? readHeader(bytes) : undefined;
    const code = (error && errorDefinition(error.code).ack) ?? 'AA';
    return {
      bytes: Buffer.from(buildAck({ header, code, control_id: 'P1', time: '2026' }), 'latin1'),
      error,
    };
  };
  const accept: Accept = async (bytes, from) => {
    const text = Buffer.from(bytes).toString('latin1');
    const id = text.startsWith('MSH') ? readHeader(bytes).control_id : 'none';
    await intake.before(id);
    intake.came.push({ id, text, from });
    const code = intake.codes.get(id);
    if (code === undefined && !seen.has(id)) intake.taken.push(id);
    if (code === undefined) seen.add(id);
    return answerOf(bytes, code && new PipehatError(code, { found: 'x' }, { at: 'MSH-9' }));
  };
  const intake: Intake = {
    taken: [],
    came: [],
    refused: [],
    codes: new Map(),
    lines,
    connections: [],
    before: () => undefined,
    context: sourceContext(
      {
        accept,
        refuse: async (error, head) => {
          intake.refused.push({ error, head: Buffer.from(head).toString('latin1') });
          return answerOf(head, error);
        },
        connections: (open) => intake.connections.push(open),
      },
      lines,
    ),
  };
  return intake;
}

/** The suite. */
export function pickupContract(name: string, setUp: () => Promise<PickupTrial>): void {
  describe(`source ${name} picks up files`, () => {
    let trial: PickupTrial;
    let intake: Intake;
    let sources: Source[];

    beforeEach(async () => {
      trial = await setUp();
      intake = createTestIntake();
      sources = [];
    });

    afterEach(async () => {
      for (const source of sources) await source.stop(2000);
      await trial.close();
      expect(intake.lines.join('\n')).not.to.include(PLANTED_NAME);
    });

    const start = async (more: Partial<PickupOptions> = {}): Promise<Source> => {
      const source = trial.create({ ...options, ...more }, intake.context);
      sources.push(source);
      await source.start();
      return source;
    };
    const path = (file: string) => join(trial.folder, file);
    /** Puts a file there whole, as a careful sender does. */
    const put = async (file: string, text: string | Uint8Array): Promise<void> => {
      await writeFile(path(`${file}.part`), text);
      await rename(path(`${file}.part`), path(file));
    };
    const inFolder = async (folder: string): Promise<string[]> =>
      (await readdir(path(folder)).catch((): string[] => [])).sort();
    const isIn = async (folder: string, file: string) => (await inFolder(folder)).includes(file);
    const report = async (file: string) =>
      JSON.parse(await readFile(path(`error/${file}.error.json`), 'utf8'));

    it('takes files by name, their messages in order, byte for byte, and archives them', async () => {
      const odd = `${message('3').replace(/\r/g, '\r\n')}OBX|1|TX|\xe4\x00\xff`;
      await put('b.hl7', Buffer.from(odd, 'latin1'));
      await put('a.hl7', `\x0b${message('1')}\x1c\r\x0b${message('2')}\x1c\r`);
      await start();
      await eventually(async () => (await inFolder('archive')).length === 2);
      expect(intake.came.map(({ text }) => text)).to.deep.equal([message('1'), message('2'), odd]);
      expect(intake.came.map(({ from }) => [from.protocol, from.remote, from.connection])).to.deep.equal([
        [name, 'a.hl7#1', 1],
        [name, 'a.hl7#2', 1],
        [name, 'b.hl7#1', 2],
      ]);
      expect(intake.came[0]!.from.local).to.equal(sources[0]!.address).and.match(trial.address);
      expect(await readFile(path('archive/b.hl7'), 'latin1')).to.equal(odd);
      expect((await inFolder('')).filter((file) => file.endsWith('.hl7'))).to.deep.equal([]);
      expect(intake.connections[0]).to.equal(1);
    });

    it('takes files by time where it is told so', async () => {
      await put('b.hl7', message('1'));
      // The time of a file is known to the second only over some protocols.
      await new Promise((done) => setTimeout(done, 1100));
      await put('a.hl7', message('2'));
      await start({ order: 'time', stable_ms: 50 });
      await eventually(async () => (await inFolder('archive')).length === 2);
      expect(intake.taken).to.deep.equal(['1', '2']);
    });

    it('leaves a file alone while somebody writes to it', async () => {
      await start({ stable_ms: 150 });
      const whole = Array.from({ length: 12 }, (_, i) => message(String(i)));
      for (const part of whole) {
        await appendFile(path('a.hl7'), part);
        await new Promise((done) => setTimeout(done, 20));
      }
      await eventually(() => isIn('archive', 'a.hl7'));
      expect(intake.came.map(({ text }) => text)).to.deep.equal(whole);
    });

    it('leaves alone what is hidden, unfinished, ours, a link, a folder or of another name', async () => {
      const others = [
        '.a.hl7',
        'a.hl7.part',
        'a.hl7.tmp',
        'a.hl7~',
        'a.txt',
        'a.ack.hl7',
        'a.hl7.error.json',
      ];
      for (const file of others) await writeFile(path(file), message('1'));
      await mkdir(path('sub.hl7'));
      await writeFile(path('sub.hl7/b.hl7'), message('2'));
      await symlink(path('a.txt'), path('link.hl7'));
      await put('z.hl7', message('9'));
      await start({ patterns: ['*.hl7', '*.hl7.*'] });
      await eventually(() => isIn('archive', 'z.hl7'));
      await put('zz.hl7', message('10'));
      await eventually(() => isIn('archive', 'zz.hl7'));
      expect(intake.taken).to.deep.equal(['9', '10']);
      expect(await inFolder('')).to.include.members([...others, 'sub.hl7', 'link.hl7']);
    });

    it('puts a file with a refused message into the error folder, says which, and takes the others', async () => {
      intake.codes.set('2', 'message-type-not-accepted');
      await put('a.hl7', message('1') + message('2') + message('3'));
      await start();
      await eventually(() => isIn('error', 'a.hl7'));
      expect(intake.taken).to.deep.equal(['1', '3']);
      const { file, accepted, refused } = await report('a.hl7');
      expect({ file, accepted }).to.deep.equal({ file: 'a.hl7', accepted: 2 });
      expect(refused).to.have.length(1);
      expect(refused[0]).to.include({
        ...{ message: 2, line: 3, offset: message('1').length, control_id: '2' },
        ...{ code: 'message-type-not-accepted', place: 'MSH-9' },
      });
      expect(refused[0].says).to.be.a('string').and.not.equal('');
      expect(refused[0].advice).to.include('accept.messages');
      expect(JSON.stringify(refused)).not.to.include(PLANTED_NAME);
    });

    it('takes a mended file that is put back: what was taken before is taken once', async () => {
      intake.codes.set('2', 'control-id-missing');
      await put('a.hl7', message('1') + message('2'));
      await start();
      await eventually(() => isIn('error', 'a.hl7'));
      intake.codes.clear();
      await rename(path('error/a.hl7'), path('a.hl7'));
      await eventually(() => isIn('archive', 'a.hl7'));
      expect(intake.taken).to.deep.equal(['1', '2']);
    });

    it('takes nothing of a file whose counts are wrong, and says where', async () => {
      const batch = `FHS|^~\\&\rBHS|^~\\&\r${message('1')}BTS|2\rFTS|1\r`;
      await put('a.hl7', batch);
      await put('b.hl7', batch.slice(0, batch.indexOf('BTS')));
      await start();
      await eventually(() => isIn('error', 'b.hl7'));
      expect(intake.came).to.deep.equal([]);
      expect((await report('a.hl7')).refused).to.deep.equal([
        {
          ...{ line: 5, offset: batch.indexOf('BTS'), code: 'batch-count-wrong', place: 'BTS-1' },
          says: `expected 2 messages in the batch, as BTS-1 says, found 1 (line 5, byte ${batch.indexOf('BTS')})`,
          advice: new PipehatError('batch-count-wrong').advice,
        },
      ]);
      expect((await report('b.hl7')).refused[0]).to.include({ code: 'batch-trailer-missing', place: 'BTS' });
      expect(intake.refused.map(({ error, head }) => [error.code, head])).to.deep.equal([
        ['batch-count-wrong', batch],
        ['batch-trailer-missing', batch.slice(0, batch.indexOf('BTS'))],
      ]);
    });

    it('takes it with a warning, where batch_counts says so', async () => {
      await put('a.hl7', `BHS|^~\\&\r${message('1')}BTS|2\r`);
      await start({ batch_counts: 'warn' });
      await eventually(() => isIn('archive', 'a.hl7'));
      expect(intake.taken).to.deep.equal(['1']);
      expect(intake.lines.filter((line) => line.includes('batch-count-wrong'))).to.have.length(1);
    });

    it('refuses a file that is too large, and one without messages', async () => {
      await put('a.hl7', message('1').padEnd(2000, 'x'));
      await put('b.hl7', '');
      await put('c.hl7', '\r\n\r\n');
      await start({ max_bytes: 1999 });
      await eventually(() => isIn('error', 'c.hl7'));
      expect(intake.came).to.deep.equal([]);
      for (const [file, code] of [
        ['a.hl7', 'pickup-file-too-large'],
        ['b.hl7', 'pickup-file-empty'],
        ['c.hl7', 'pickup-file-empty'],
      ] as const)
        expect((await report(file)).refused[0].code, file).to.equal(code);
    });

    it('gives text that is no HL7 to the intake, as any other source does', async () => {
      intake.codes.set('none', 'hl7-no-msh');
      await put('a.hl7', `Dear lab\r${message('1')}`);
      await start();
      await eventually(() => isIn('error', 'a.hl7'));
      expect(intake.came.map(({ text }) => text)).to.deep.equal(['Dear lab\r', message('1')]);
      expect((await report('a.hl7')).refused[0]).to.include({ message: 1, line: 1, code: 'hl7-no-msh' });
    });

    it('writes the answers beside the file, where they are wanted', async () => {
      intake.codes.set('3', 'control-id-missing');
      await put('a.hl7', message('1') + message('2'));
      await put('b.hl7', message('3'));
      await start({ acks: true });
      await eventually(() => isIn('error', 'b.hl7'));
      const acks = await readFile(path('archive/a.ack.hl7'), 'latin1');
      expect([...acks.matchAll(/\rMSA\|(\w\w\|\d)/g)].map(([, code]) => code)).to.deep.equal([
        'AA|1',
        'AA|2',
      ]);
      expect(await readFile(path('error/b.ack.hl7'), 'latin1')).to.include('\rMSA|AE|3\r');
      expect(await inFolder('archive')).to.deep.equal(['a.ack.hl7', 'a.hl7']);
    });

    it('deletes what is done, where it is told so, and keeps what was refused', async () => {
      intake.codes.set('2', 'control-id-missing');
      await put('a.hl7', message('1'));
      await put('b.hl7', message('2'));
      await start({ after: 'delete' });
      await eventually(() => isIn('error', 'b.hl7'));
      expect(await inFolder('')).to.deep.equal(['.pipehat', 'error']);
    });

    it('archives by day, and overwrites nothing', async () => {
      await start({ archive_by_day: true });
      const days: string[] = [];
      for (const id of ['1', '2', '3']) {
        await put('a.hl7', message(id));
        await eventually(async () => {
          days.splice(0, 9, ...(await inFolder('archive')));
          const counts = await Promise.all(
            days.map(async (day) => (await inFolder(`archive/${day}`)).length),
          );
          return counts.reduce((sum, n) => sum + n, 0) === Number(id);
        });
      }
      for (const day of days) expect(day).to.match(/^\d{4}-\d\d-\d\d$/);
      const files = await Promise.all(days.map((day) => inFolder(`archive/${day}`)));
      for (const file of files.flat()) expect(file).to.match(/^a(\.\d{8}T\d{9}Z(-\d)?)?\.hl7$/);
      expect(new Set(files.flat()).size).to.equal(3);
    });

    it('keeps a file while the store is away, and goes on in order when it is back', async () => {
      intake.codes.set('2', 'store-unreachable');
      await put('a.hl7', message('1') + message('2') + message('3'));
      await put('b.hl7', message('4'));
      await start();
      await eventually(() => intake.came.filter(({ id }) => id === '2').length === 3);
      expect(intake.taken).to.deep.equal(['1']);
      expect(await inFolder('error')).to.deep.equal([]);
      intake.codes.clear();
      await eventually(async () => (await inFolder('archive')).length === 2);
      expect(intake.taken).to.deep.equal(['1', '2', '3', '4']);
      expect(intake.came.map(({ id }) => id)).to.deep.equal(['1', '2', '2', '2', '2', '3', '4']);
    });

    it('stops in the middle of a file, and goes on with it after a start, at once', async () => {
      const ids = Array.from({ length: 500 }, (_, i) => String(i));
      await put('a.hl7', ids.map((id) => message(id)).join(''));
      const reached = Promise.withResolvers<void>();
      intake.before = async (id) => {
        if (id === '100') reached.resolve();
        await new Promise((done) => setImmediate(done));
      };
      const first = await start({ claim_ms: 600_000 });
      await reached.promise;
      await first.stop(5000);
      const before = intake.came.length;
      expect(before).to.be.within(100, 499);
      await new Promise((done) => setTimeout(done, 20));
      expect(intake.came.length, 'after stop').to.equal(before);
      await start({ claim_ms: 600_000 });
      await eventually(() => isIn('archive', 'a.hl7'));
      expect(intake.taken).to.deep.equal(ids);
    });

    it('stops in time while the store does not answer', async () => {
      await put('a.hl7', message('1'));
      const hung = Promise.withResolvers<void>();
      const reached = Promise.withResolvers<void>();
      intake.before = () => {
        reached.resolve();
        return hung.promise;
      };
      const source = await start();
      await reached.promise;
      await source.stop(20);
      expect(await inFolder('archive')).to.deep.equal([]);
      hung.resolve();
    });

    it('takes over the file of an engine that died, once that is sure', async () => {
      await put('a.hl7', message('1'));
      await mkdir(path('.pipehat/dead'), { recursive: true });
      await rename(path('a.hl7'), path('.pipehat/dead/a.hl7'));
      await writeFile(path('.pipehat/dead/.alive'), '.');
      await start();
      await eventually(() => isIn('archive', 'a.hl7'));
      expect(intake.taken).to.deep.equal(['1']);
      expect(await inFolder('.pipehat')).not.to.include('dead');
    });

    it('shares a folder with another engine: each file is taken by one of them', async () => {
      const names = Array.from({ length: 30 }, (_, i) => `f${i}.hl7`);
      for (const file of names) await put(file, message(file));
      // An owner who lives gives signs of it all the time, also while it is busy with one file.
      intake.before = (id) => new Promise((done) => setTimeout(done, id === 'f7.hl7' ? 2000 : 1));
      await start();
      await start();
      await eventually(async () => (await inFolder('archive')).length === names.length);
      expect(intake.came.map(({ id }) => id).sort()).to.deep.equal(names.toSorted());
      expect(intake.lines.join()).not.to.include('took it over');
    });

    it('takes a new file of the name of one that another engine took over in the middle', async () => {
      await put('a.hl7', message('1'));
      intake.before = async (id) => {
        if (id !== '1') return;
        const [owner] = (await inFolder('.pipehat')) as [string];
        await rm(path(`.pipehat/${owner}/a.hl7`));
      };
      await start();
      await eventually(() => intake.lines.some((line) => line.includes('took it over')));
      await put('a.hl7', message('2'));
      await eventually(() => isIn('archive', 'a.hl7'));
      expect(intake.taken).to.deep.equal(['1', '2']);
    });

    it('does not take a file again that can not be put away, and puts it away later', async () => {
      await writeFile(path('archive'), 'in the way');
      await put('a.hl7', message('1'));
      await start();
      await eventually(() => intake.lines.some((line) => line.includes('pickup-failed')));
      await rm(path('archive'));
      await eventually(() => isIn('archive', 'a.hl7'));
      expect(intake.came).to.have.length(1);
      await eventually(() => intake.connections.slice(-2).join() === '0,1');
    });

    it('starts without its folder, does not make it, and waits for it', async () => {
      const away = `${trial.folder}-away`;
      await rename(trial.folder, away);
      await start();
      await eventually(() => intake.lines.some((line) => line.includes('pickup-failed')));
      expect(await stat(trial.folder).catch(() => 'missing')).to.equal('missing');
      await rename(away, trial.folder);
      await put('a.hl7', message('1'));
      await eventually(() => isIn('archive', 'a.hl7'));
      expect(intake.lines.filter((line) => line.includes('pickup-failed'))).to.have.length(1);
    });

    it('leaves nothing of its own behind when it is stopped', async () => {
      await put('a.hl7', message('1'));
      const source = await start();
      await eventually(() => isIn('archive', 'a.hl7'));
      await source.stop(2000);
      expect(await inFolder('.pipehat')).to.deep.equal([]);
      expect(intake.connections.at(-1)).to.equal(0);
    });

    it('does not put files away where it picks them up', () => {
      for (const same of ['.', './', trial.folder]) {
        if (same === trial.folder && name !== 'folder') continue;
        for (const key of ['archive', 'error'] as const) {
          expect(() => trial.create({ ...options, [key]: same }, intake.context), same)
            .to.throw(PipehatError)
            .with.property('code', 'option-wrong');
        }
      }
    });
  });
}
