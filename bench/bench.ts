/**
 * `npm run bench`: how fast the engine is on this machine, and how far from the floor. Sender, engine and receiver are
 * processes of their own; the floor takes the engine's place for the same time, in the same run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { wholeNumber } from '../src/commands/arguments.ts';
import { type Answers, type Child, startChild } from './child.ts';
import type { EngineAnswers } from './engine.ts';
import type { Compared, Figures, Settings } from './figures.ts';
import type { FloorAnswers } from './floor.ts';
import type { FramingAnswers } from './framing.ts';
import { type Large, measureLarge } from './large.ts';
import type { LargeSenderAnswers } from './large-sender.ts';
import { readMachine } from './machine.ts';
import type { MappingAnswers } from './mapping.ts';
import { type Flow, measureFlow, type Subject } from './measure.ts';
import { readerNames } from './readers.ts';
import type { ReadingAnswers } from './reading.ts';
import type { ReceiverAnswers } from './receiver.ts';
import { report } from './report.ts';
import type { SenderAnswers } from './sender.ts';
import { writeSite } from './site.ts';
import { FRAMING, LARGE, MAPPING, type Only, READING, type Work, works } from './works.ts';

/** What every measurement runs with. */
interface Run {
  readonly settings: Settings;
  /** Aborted by Ctrl-C: the children end, and whoever waits for one hears of it. */
  readonly signal: AbortSignal;
  readonly progress: (says: string) => void;
}

/** What stands between sender and receiver, started: `address` is where the sender finds it. */
interface Started extends Pick<Subject, 'usage'> {
  readonly address: string;
}

/** Starts engine or floor in `folder`, and hands it to `ends`. */
type Start = (folder: string, receiver: string, ends: AsyncDisposableStack) => Promise<Started>;

async function measure({ settings, signal }: Run, work: Work, start: Start): Promise<Flow> {
  await using ends = new AsyncDisposableStack();
  const folder = await temporaryFolder(ends);
  const receiver = ends.adopt(startChild<ReceiverAnswers>('receiver.ts', signal), (child) => child.stop());
  const { address, usage } = await start(folder, await receiver.ask('start', work.receiver), ends);
  const sender = ends.adopt(startChild<SenderAnswers>('sender.ts', signal), (child) => child.stop());
  await sender.ask('start', { address, connections: settings.connections, only: work.only });
  return await measureFlow({ sender, receiver, usage }, settings.seconds);
}

async function temporaryFolder(ends: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pipehat-bench-'));
  return ends.adopt(folder, () => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
}

async function compare(run: Run, work: Work): Promise<Compared> {
  const { signal, progress } = run;
  let postgres = '';
  progress(`${work.name}: engine`);
  const engine = await measure(run, work, async (folder, receiver, ends) => {
    await writeSite(folder, work, receiver);
    const child = ends.adopt(startChild<EngineAnswers>('engine.ts', signal), (child) => child.stop());
    const address = await child.ask('start', { site: folder, data: join(folder, 'data') });
    postgres = await child.ask('postgresVersion', undefined);
    return { address, usage: () => child.ask('usage', undefined) };
  });
  progress(`${work.name}: floor`);
  const floor = await measure(run, work, async (folder, receiver, ends) => {
    const child = ends.adopt(startChild<FloorAnswers>('floor.ts', signal), (child) => child.stop());
    const address = await child.ask('start', { data: folder, work, receiver });
    return { address, usage: () => child.ask('usage', undefined) };
  });
  return { work: work.name, title: work.title, postgres, engine, floor };
}

async function measureMapping({ settings, signal, progress }: Run): Promise<Figures['mapping']> {
  const found = [];
  for (const messages of ['adt', 'oru'] satisfies Only[]) {
    await using ends = new AsyncDisposableStack();
    progress(`${MAPPING}: ${messages}`);
    const site = await temporaryFolder(ends);
    await writeSite(site, works[0]!, '127.0.0.1:1');
    const child = ends.adopt(startChild<MappingAnswers>('mapping.ts', signal), (child) => child.stop());
    const time = await child.ask('measure', { site, only: messages, ms: settings.seconds * 1000 });
    found.push({ messages, ...time });
  }
  return found;
}

async function measureReading({ settings, signal, progress }: Run): Promise<Figures['reading']> {
  const found = [];
  for (const messages of ['adt', 'oru'] satisfies Only[]) {
    for (const reader of readerNames) {
      await using ends = new AsyncDisposableStack();
      progress(`${READING}: ${messages}, ${reader}`);
      const start = () => startChild<ReadingAnswers>('reading.ts', signal, ['--expose-gc']);
      const child = ends.adopt(start(), (child) => child.stop());
      const cost = await child.ask('measure', { reader, only: messages, ms: settings.seconds * 1000 });
      found.push({ messages, reader, ...cost });
    }
  }
  return found;
}

async function measureFraming({ settings, signal, progress }: Run): Promise<Figures['framing']> {
  await using ends = new AsyncDisposableStack();
  progress(FRAMING);
  const child = ends.adopt(startChild<FramingAnswers>('framing.ts', signal), (child) => child.stop());
  return await child.ask('measure', { ms: settings.seconds * 1000 });
}

async function large({ settings, signal, progress }: Run): Promise<Large> {
  progress(LARGE);
  await using ends = new AsyncDisposableStack();
  const child = <A extends Answers>(file: string): Child<A> =>
    ends.adopt(startChild<A>(file, signal), (started) => started.stop());
  const folder = await temporaryFolder(ends);
  const receiver = child<ReceiverAnswers>('receiver.ts');
  await writeSite(folder, works[0]!, await receiver.ask('start', works[0]!.receiver));
  const engine = child<EngineAnswers>('engine.ts');
  const address = await engine.ask('start', { site: folder, data: join(folder, 'data') });
  const sender = child<SenderAnswers>('sender.ts');
  await sender.ask('start', { address, connections: settings.connections, only: works[0]!.only });
  const large = child<LargeSenderAnswers>('large-sender.ts');
  await large.ask('start', address);
  return await measureLarge({ engine, sender, large, receiver }, settings.seconds);
}

async function bench(run: Run): Promise<Figures> {
  const { settings } = run;
  const wanted = (name: string): boolean => settings.only === undefined || settings.only === name;
  const machine = await readMachine();
  const compared = [];
  for (const work of works.filter(({ name }) => wanted(name))) compared.push(await compare(run, work));
  const found = wanted(LARGE) ? await large(run) : undefined;
  const mapping = wanted(MAPPING) ? await measureMapping(run) : [];
  const reading = wanted(READING) ? await measureReading(run) : [];
  const framing = wanted(FRAMING) ? await measureFraming(run) : undefined;
  return { machine, settings, works: compared, large: found, mapping, reading, framing };
}

const options = new Command('npm run bench --')
  .description(
    'Measures the engine on this machine, against the floor: a bare program that stores and sends on.',
  )
  .addOption(
    new Option('--only <name>', 'one work').choices([
      ...works.map(({ name }) => name),
      ...[LARGE, MAPPING, READING, FRAMING],
    ]),
  )
  .option('--seconds <n>', 'length of each window', wholeNumber(1, 3600), 10)
  .option(
    '--connections <n>',
    'connections of the sender, one message in flight on each',
    wholeNumber(1, 256),
    32,
  )
  .option('--json', 'print JSON')
  .parse()
  .opts<Settings & { readonly json?: boolean }>();

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());

const { only, seconds, connections, json } = options;
try {
  const figures = await bench({
    settings: { only, seconds, connections },
    signal: interrupted.signal,
    progress: (says) => process.stderr.write(`${says} …\n`),
  });
  process.stdout.write(`${json ? JSON.stringify(figures, null, 2) : report(figures)}\n`);
} catch (error) {
  process.stderr.write(`${interrupted.signal.aborted ? 'interrupted' : (error as Error).message}\n`);
  process.exitCode = 1;
}
