import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { createDatabase } from '../helpers/postgres.ts';
import { type Ended, type EngineProcess, startEngineProcess } from '../helpers/process.ts';
import { controlIdOf, type MllpReceiver, startMllpReceiver } from '../helpers/receiver.ts';
import { hasRedis, redisUrl } from '../helpers/redis.ts';
import { createSite, hasPostgres, type TestSite } from '../helpers/site.ts';
import { adt } from '../helpers/world.ts';
import { createApi } from './api.ts';
import { codeOf, exchange, open, sendOnce } from './sender.ts';
import { until } from './until.ts';

/** What the issue allows from Ctrl-C to the end. */
const STOP_MS = 5000;

describe('pipehat start', function () {
  this.timeout(60_000);
  let receiver: MllpReceiver;
  let site: TestSite;
  const engines: EngineProcess[] = [];

  const start = (env: Record<string, string> = {}): EngineProcess => {
    const engine = startEngineProcess(site, env);
    engines.push(engine);
    return engine;
  };
  /** Starts an engine that is expected not to come up. */
  const fail = (env: Record<string, string> = {}): Promise<Ended> => start(env).ended;
  const write = (port: number): Promise<void> =>
    site.write('channels/adt.yaml', {
      channel: 'adt',
      description: 'Of a test.',
      source: { mllp: { port } },
      accept: { messages: ['ADT^*'] },
      order: 'patient',
      route: [{ to: 'lab' }],
    });

  before(async () => {
    receiver = await startMllpReceiver();
  });

  beforeEach(async () => {
    site = await createSite({
      channels: {},
      systems: { lab: { mllp: { host: '127.0.0.1', port: receiver.port } } },
    });
    await write(0);
  });

  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.end('SIGKILL')));
    await site.remove();
  });

  after(() => receiver.stop());

  it('makes all it needs, shows its token once, and goes on at the next start', async () => {
    const first = start();
    const { token, http, channels } = await first.ready;
    expect(token).to.be.a('string');
    const { address } = channels[0]!;
    expect(codeOf(await sendOnce(address, adt('P1', 'START1')))).to.equal('AA');
    await createApi(http, token!).idle();
    expect((await first.end('SIGTERM')).code).to.equal(0);
    expect(hasPostgres(site.data), 'PostgreSQL runs on').to.equal(false);

    await write(Number(address.split(':')[1]));
    const second = start();
    const again = await second.ready;
    expect(again.token).to.equal(null);
    expect(again.channels[0]!.address, 'the port that was asked for').to.equal(address);
    expect(await createApi(again.http, token!).messages()).to.have.length(1);
    expect(second.output()).not.to.include(token);
  });

  it('leaves the first engine unharmed when a second one is started on its data', async () => {
    const first = start();
    const { channels } = await first.ready;
    const second = await fail();
    expectLine(second, 'store-in-use');
    expect(second.stderr).to.include(String(first.pid));
    expect(codeOf(await sendOnce(channels[0]!.address, adt('P1', 'START2')))).to.equal('AA');
    expect((await first.end('SIGINT')).code).to.equal(0);
  });

  it('stops within five seconds while messages are in flight, and loses none of them', async () => {
    const first = start();
    const { channels } = await first.ready;
    const accepted: string[] = [];
    const senders = ['A', 'B', 'C', 'D'].map(async (name) => {
      const socket = await open(channels[0]!.address);
      for (let n = 1; ; n++) {
        const answer = await exchange(socket, adt(name, `STOP-${name}${n}`)).catch(() => undefined);
        if (answer === undefined) return;
        if (codeOf(answer) === 'AA') accepted.push(`STOP-${name}${n}`);
      }
    });
    await until(() => accepted.length >= 50);
    const stopping = performance.now();
    const { code, stderr } = await first.end('SIGINT');
    expect(code, stderr).to.equal(0);
    expect(performance.now() - stopping).to.be.below(STOP_MS);
    await Promise.all(senders);
    expect(hasPostgres(site.data), 'PostgreSQL runs on').to.equal(false);

    await start().ready;
    await until(() => {
      const arrived = new Set(receiver.messages.map(controlIdOf));
      return accepted.every((id) => arrived.has(id));
    });
  });

  it('starts again after a power cut in the middle of making its database', async () => {
    const first = start();
    const home = join(site.data, 'postgres');
    const isMaking = (): boolean =>
      existsSync(home) && readdirSync(home).some((name) => existsSync(join(home, name, 'PG_VERSION')));
    await until(isMaking);
    // The group: the engine and the program that makes the database.
    process.kill(-first.pid, 'SIGKILL');
    await first.ended;
    const { token } = await start().ready;
    expect(token).to.be.a('string');
  });

  describe('says in one line what is wrong, and exits with 3', () => {
    let taken: Server;
    let port: number;

    beforeEach(async () => {
      taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      port = (taken.address() as AddressInfo).port;
    });

    afterEach(() => taken.close());

    it('a port of a channel in use', async () => {
      await write(port);
      expectLine(await fail(), 'port-in-use');
      expect(hasPostgres(site.data), 'PostgreSQL runs on').to.equal(false);
    });

    it('the port of HTTP in use', async () => {
      await site.write('pipehat.yaml', { site: 'test', time_zone: 'UTC', http: { port } });
      expectLine(await fail(), 'port-in-use');
      expect(hasPostgres(site.data), 'PostgreSQL runs on').to.equal(false);
    });

    it('a file where the data folder should be', async () => {
      await writeFile(site.data, '');
      expectLine(await fail(), 'folder-not-writable');
    });

    // Nothing is forbidden to root.
    if (process.getuid?.() !== 0)
      it('a data folder that only others may write', async () => {
        await mkdir(site.data);
        await chmod(site.data, 0o500);
        expectLine(await fail(), 'folder-not-writable');
      });

    it('a database that does not answer', async () => {
      const ended = await fail({
        DATABASE_URL: `postgres://pipehat:secret@127.0.0.1:${await freePort()}/pipehat`,
      });
      expectLine(ended, 'store-unreachable');
      expect(ended.took_ms).to.be.below(15_000);
      expect(ended.stderr).not.to.include('secret');
    });
  });

  it('runs on the PostgreSQL of DATABASE_URL', async () => {
    const database = await createDatabase();
    try {
      const engine = start({ DATABASE_URL: database.url });
      const { channels, queues } = await engine.ready;
      expect(queues).to.equal('postgres');
      expect(codeOf(await sendOnce(channels[0]!.address, adt('P1', 'START3')))).to.equal('AA');
      expect((await engine.end('SIGINT')).code).to.equal(0);
      const { rows } = await database.pool.query('select control_id from message');
      expect(rows).to.deep.equal([{ control_id: 'START3' }]);
      expect(hasPostgres(site.data)).to.equal(false);
    } finally {
      await database.drop();
    }
  });

  if (hasRedis())
    it('keeps the queues in the Redis of REDIS_URL', async () => {
      const engine = start({ REDIS_URL: await redisUrl() });
      const { channels, queues, http, token } = await engine.ready;
      expect(queues).to.equal('redis');
      expect(codeOf(await sendOnce(channels[0]!.address, adt('P1', 'START4')))).to.equal('AA');
      await createApi(http, token!).idle();
      expect((await engine.end('SIGINT')).code).to.equal(0);
    });
});

/** It said in one line, beside its log, what is wrong, and could not be done. */
function expectLine({ code, stderr, stdout }: Ended, error: string): void {
  const lines = stderr.split('\n').filter((line) => line.startsWith('{'));
  expect(lines, stderr).to.have.length(1);
  expect(JSON.parse(lines[0]!).error.code).to.equal(error);
  expect(stdout).to.equal('');
  expect(code).to.equal(3);
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
