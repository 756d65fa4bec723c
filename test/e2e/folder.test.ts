import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startPostgres } from '../../src/store/postgres.ts';
import { type EngineProcess, startEngineProcess } from '../helpers/process.ts';
import { controlIdOf, type MllpReceiver, startMllpReceiver } from '../helpers/receiver.ts';
import { createSite, killPostgres, type TestSite } from '../helpers/site.ts';
import { adt } from '../helpers/world.ts';
import { type Api, createApi } from './api.ts';
import { until } from './until.ts';

describe('files of a folder, and a running engine', function () {
  this.timeout(120_000);
  let receiver: MllpReceiver;
  let site: TestSite;
  let folder: string;
  let engine: EngineProcess;
  let token: string;
  let api: Api;

  before(async () => {
    receiver = await startMllpReceiver();
    folder = await mkdtemp(join(tmpdir(), 'pipehat-in-'));
    site = await createSite({
      channels: {
        files: {
          source: {
            folder: {
              path: folder,
              poll_ms: 20,
              stable_ms: 20,
              claim_ms: 500,
              archive_by_day: false,
              acks: true,
            },
          },
          accept: { messages: ['ADT^A08'] },
          order: 'channel',
          route: [{ to: 'lab' }],
        },
      },
      systems: {
        lab: { mllp: { host: '127.0.0.1', port: receiver.port }, retry: { first_ms: 20, most_ms: 200 } },
      },
    });
    await start();
  });

  after(async () => {
    await engine?.end('SIGKILL');
    await receiver?.stop();
    await site?.remove();
    await rm(folder, { recursive: true });
  });

  const start = async (): Promise<void> => {
    engine = startEngineProcess(site);
    const places = await engine.ready;
    expect(places.channels[0]!.address).to.equal(folder);
    token = places.token ?? token;
    api = createApi(places.http, token);
  };
  const put = async (file: string, text: string): Promise<void> => {
    await mkdir(join(folder, 'new'), { recursive: true });
    await writeFile(join(folder, 'new', file), text);
    await rename(join(folder, 'new', file), join(folder, file));
  };
  const isIn = async (where: string, file: string): Promise<boolean> =>
    (await readdir(join(folder, where)).catch((): string[] => [])).includes(file);
  const received = async (): Promise<number> => (await api.status()).channels[0]!.received;
  /** Control ids in the order of their first arrival. */
  const arrivals = (): string[] => [...new Set(receiver.messages.map(controlIdOf))];

  it('takes each message of a file once and in order, though the engine is killed in the middle of it, twice', async () => {
    const ids = Array.from({ length: 1200 }, (_, i) => `K${i}`);
    await put('big.hl7', ids.map((id) => adt('P1', id)).join(''));
    await until(async () => (await received()) >= 300);
    await engine.end('SIGKILL');
    expect(await isIn('archive', 'big.hl7')).to.equal(false);
    await start();
    await until(async () => (await received()) >= 700);
    await killPostgres(site.data);
    await engine.end('SIGKILL');
    await start();
    await until(() => isIn('archive', 'big.hl7'));
    await api.idle();
    expect(await received()).to.equal(ids.length);
    expect(arrivals()).to.deep.equal(ids);
    const acks = await readFile(join(folder, 'archive/big.ack.hl7'), 'latin1');
    expect([...acks.matchAll(/\rMSA\|AA\|(\w+)/g)].map(([, id]) => id)).to.deep.equal(ids);
  });

  it('stops in the middle of a file, and goes on with it after the start', async () => {
    const before = await received();
    await put('more.hl7', Array.from({ length: 600 }, (_, i) => adt('P2', `S${i}`)).join(''));
    await until(async () => (await received()) >= before + 100);
    const { code, stderr } = await engine.end('SIGTERM');
    expect(code, stderr).to.equal(0);
    expect(await isIn('archive', 'more.hl7')).to.equal(false);
    await start();
    await until(() => isIn('archive', 'more.hl7'));
    expect(await received()).to.equal(before + 600);
  });

  it('keeps a file while the database is away', async () => {
    await killPostgres(site.data);
    await put('a.hl7', adt('P3', 'AWAY1') + adt('P3', 'AWAY2'));
    await until(() => engine.output().includes('the file waits'));
    expect(await isIn('error', 'a.hl7')).to.equal(false);
    await startPostgres(site.data);
    await until(() => isIn('archive', 'a.hl7'));
    await api.idle();
    expect(arrivals().slice(-2)).to.deep.equal(['AWAY1', 'AWAY2']);
  });

  it('shows what was refused where other refusals are shown, with the name of the file', async () => {
    await put('cut.hl7', `BHS|^~\\&|HIS|GHH|||||||B1\r${adt('P4', 'CUT1')}`);
    await until(() => isIn('error', 'cut.hl7'));
    const [message] = await api.messages('?limit=1');
    expect(message).to.include({ channel: 'files', state: 'rejected', error: 'batch-trailer-missing' });
    const trace = await api.trace(message!.id);
    expect(JSON.stringify(trace)).to.include('cut.hl7');
    const report = JSON.parse(await readFile(join(folder, 'error/cut.hl7.error.json'), 'utf8'));
    expect(report.refused[0]).to.include({ code: 'batch-trailer-missing', place: 'BTS', line: 1, offset: 0 });
  });
});
