import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { type EngineProcess, startEngineProcess } from '../helpers/process.ts';
import { type MllpReceiver, startMllpReceiver } from '../helpers/receiver.ts';
import { createSite, type TestSite } from '../helpers/site.ts';
import { adt } from '../helpers/world.ts';
import { type Api, createApi } from './api.ts';
import { codeOf, sendOnce } from './sender.ts';

describe('acknowledging with two engines on one database', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let lab: MllpReceiver;
  const sites: TestSite[] = [];
  const engines: EngineProcess[] = [];
  let address: string;
  let api: Api;

  before(async () => {
    database = await createDatabase();
    lab = await startMllpReceiver();
    const env = { DATABASE_URL: database.url, MASTER_KEY: randomBytes(32).toString('hex') };
    for (let n = 0; n < 2; n++) {
      const site = await createSite({
        channels: {
          adt: {
            source: { mllp: { port: 0 } },
            accept: { messages: ['ADT^A08'] },
            ack: { when: 'delivered' },
            route: [{ to: 'lab' }],
          },
        },
        systems: { lab: { mllp: { host: '127.0.0.1', port: lab.port } } },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference in a configuration
        more: { master_key: '${env:MASTER_KEY}' },
      });
      sites.push(site);
      const engine = startEngineProcess(site, env);
      engines.push(engine);
      const places = await engine.ready;
      if (n > 0) continue;
      address = places.channels[0]!.address;
      api = createApi(places.http, places.token!);
    }
  });

  after(async () => {
    await Promise.all(engines.map((engine) => engine.end('SIGKILL')));
    await lab?.stop();
    for (const site of sites) await site.remove();
    await database?.drop();
  });

  /** Which run of an engine did that to the message. */
  async function runOf(id: string, action: string): Promise<string> {
    const [found] = await api.messages(`?control_id=${id}`);
    const { audit } = await api.trace(found!.id);
    return audit.find((entry) => entry.action.endsWith(action))!.by.split('/')[0]!;
  }

  it('answers when the other one processed and delivered the message', async () => {
    const deadline = performance.now() + 60_000;
    for (let n = 0; performance.now() < deadline; n++) {
      expect(codeOf(await sendOnce(address, adt(`P${n}`, `SHARED-${n}`)))).to.equal('AA');
      const [received, processed, acknowledged] = await Promise.all(
        ['received', 'processed', 'acknowledged'].map((action) => runOf(`SHARED-${n}`, action)),
      );
      if (received !== processed && received !== acknowledged) return;
    }
    throw new Error('the other engine got nothing to do');
  });
});
