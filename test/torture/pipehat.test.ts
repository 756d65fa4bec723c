/** The whole kit against a running Pipehat: as receiver, across restarts, and as sender. */
import { expect } from 'chai';
import { nameOf, receiverCases, senderCases } from '../../src/torture/catalogue.ts';
import { createKitReceiver, type KitReceiver } from '../../src/torture/receiver.ts';
import type { Result } from '../../src/torture/run.ts';
import { createDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { type EngineProcess, startEngineProcess } from '../helpers/process.ts';
import { createSite, type TestSite } from '../helpers/site.ts';
import { resultsOf, settings } from './settings.ts';

const cases = [...receiverCases, ...senderCases];

describe('pipehat under torture', function () {
  this.timeout(120_000);
  let kit: KitReceiver;
  let database: TestDatabase;
  let site: TestSite;
  let engine: EngineProcess;
  let results: ReadonlyMap<string, Result> = new Map();

  /** The channels at fixed ports, once they are known. `judged` stores and answers; `through` also sends on. */
  const writeChannels = async (judged: number, through: number): Promise<void> => {
    const accept = { messages: ['ADT^*'], versions: '2.3 - 2.8' };
    const rest = { description: 'Of a test.', accept, order: 'patient', route: [{ to: 'kit' }] };
    await site.write('channels/judged.yaml', {
      channel: 'judged',
      source: { mllp: { port: judged, max_bytes: 1024 * 1024 } },
      ...{ ...rest, steps: [{ filter: 'MSH-3 == "NOBODY"' }] },
    });
    await site.write('channels/through.yaml', {
      channel: 'through',
      source: { mllp: { port: through } },
      ...rest,
    });
  };

  const start = async (): Promise<readonly [number, number]> => {
    engine = startEngineProcess(site, { DATABASE_URL: database.url });
    const { channels } = await engine.ready;
    const port = (name: string): number =>
      Number(channels.find(({ channel }) => channel === name)!.address.split(':')[1]);
    return [port('judged'), port('through')];
  };

  before(async () => {
    database = await createDatabase();
    kit = createKitReceiver('127.0.0.1', 0);
    await kit.start();
    site = await createSite({
      channels: {},
      systems: {
        kit: {
          mllp: { host: '127.0.0.1', port: kit.port, answer_timeout_ms: 300 },
          retry: { first_ms: 20, most_ms: 100 },
        },
      },
    });
    await writeChannels(0, 0);
    const [judged, through] = await start();
    await writeChannels(judged, through);
    results = await resultsOf(
      settings({
        target: { host: '127.0.0.1', port: judged },
        feed: { host: '127.0.0.1', port: through },
        receiver: kit,
        restart: async () => {
          await engine.end('SIGKILL');
          await start();
        },
      }),
    );
  });

  after(async () => {
    await engine?.end('SIGKILL');
    await kit?.stop();
    await site?.remove();
    await database?.drop();
  });

  for (const one of cases) {
    const name = nameOf(one);
    it(`${name}: ${one.title}`, () => {
      const { outcome, saw } = results.get(name)!;
      expect(outcome, saw).to.equal(one.level === 'info' ? 'info' : 'pass');
    });
  }
});
