import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { startPostgres } from '../../src/store/postgres.ts';
import { type EngineProcess, startEngineProcess } from '../helpers/process.ts';
import { controlIdOf, type MllpReceiver, startMllpReceiver } from '../helpers/receiver.ts';
import { createSite, killPostgres, type TestSite } from '../helpers/site.ts';
import { adt } from '../helpers/world.ts';
import { type Api, createApi } from './api.ts';
import { codeOf, sendOnce } from './sender.ts';
import { until } from './until.ts';

const BAD = fileURLToPath(new URL('../../samples/bad', import.meta.url));

/** What the sender of each bad sample is told: MSA-1, place, condition (table 0357), our code. */
const answers: Readonly<Record<string, readonly [string, string, string, string]>> = {
  'batch-count-wrong.hl7': ['AR', 'BTS^1^1^1', '100', 'batch-count-wrong'],
  'batch-cut-off.hl7': ['AR', 'BTS^1', '100', 'batch-trailer-missing'],
  'http-request.hl7': ['AR', 'MSH^1', '100', 'hl7-no-msh'],
  'no-msh.hl7': ['AR', 'MSH^1', '100', 'hl7-no-msh'],
  'no-control-id.hl7': ['AE', 'MSH^1^10^1', '101', 'control-id-missing'],
  'type-not-accepted.hl7': ['AR', 'MSH^1^9^1^1', '200', 'message-type-not-accepted'],
  'undecodable-bytes.hl7': ['AR', 'MSH^1^18^1', '102', 'hl7-charset-undecodable'],
  'version-9-9.hl7': ['AR', 'MSH^1^12^1', '203', 'version-not-accepted'],
};

describe('intake of a running engine', function () {
  this.timeout(60_000);
  let receiver: MllpReceiver;
  let site: TestSite;
  let engine: EngineProcess;
  let address: string;
  let api: Api;

  const send = (message: string | Uint8Array): Promise<string> => sendOnce(address, message);
  const arrivals = (id: string): number => receiver.messages.filter((one) => controlIdOf(one) === id).length;

  before(async () => {
    receiver = await startMllpReceiver();
    site = await createSite({
      channels: {
        adt: {
          source: { mllp: { port: 0 } },
          accept: { messages: ['ADT^A08'], versions: '2.3 - 2.8' },
          order: 'patient',
          route: [{ to: 'lab' }],
        },
      },
      systems: {
        lab: { mllp: { host: '127.0.0.1', port: receiver.port }, retry: { first_ms: 20, most_ms: 200 } },
      },
    });
    engine = startEngineProcess(site);
    const places = await engine.ready;
    address = places.channels[0]!.address;
    api = createApi(places.http, places.token!);
  });

  after(async () => {
    await engine?.end('SIGKILL');
    await receiver?.stop();
    await site?.remove();
  });

  for (const file of readdirSync(BAD)) {
    it(`refuses ${file}, says where and why, and keeps it`, async () => {
      const bytes = readFileSync(`${BAD}/${file}`);
      const answer = await send(bytes);
      const err = /\rERR\|\|([^|]*)\|(\d*)[^|]*\|E\|([^^]*)\^\^L\|\|\|(.*)\r/.exec(answer) ?? [];
      const [, place = '', condition = '', code = '', says = ''] = err;
      expect([codeOf(answer), place, condition, code], answer).to.deep.equal(answers[file]);
      expect(says).not.to.equal('');

      const [message] = await api.messages('?limit=1');
      expect(message).to.include({ state: 'rejected', error: code });
      expect(message!.deliveries).to.deep.equal({});
      const trace = await api.trace(message!.id);
      expect(trace).to.include({ ack: codeOf(answer), size_bytes: bytes.length });
      expect(trace.error?.says).to.be.a('string');
    });
  }

  it('gives a resend the first answer, byte by byte, and processes the message once', async () => {
    const message = adt('P1', 'RESEND');
    const first = await send(message);
    expect(codeOf(first)).to.equal('AA');
    expect(await send(message)).to.equal(first);
    await api.idle();
    expect(await send(message)).to.equal(first);
    await api.idle();
    expect(arrivals('RESEND')).to.equal(1);
    expect(await api.messages('?control_id=RESEND')).to.have.length(1);
  });

  it('takes a message that comes over many connections at once for one message', async () => {
    const message = adt('P2', 'AT-ONCE');
    const got = await Promise.all(Array.from({ length: 8 }, () => send(message)));
    expect(codeOf(got[0]!)).to.equal('AA');
    expect(new Set(got).size).to.equal(1);
    await api.idle();
    expect(arrivals('AT-ONCE')).to.equal(1);
    expect(await api.messages('?control_id=AT-ONCE')).to.have.length(1);
  });

  it('takes another content under the same control id for a new message, and warns', async () => {
    expect(codeOf(await send(adt('P3', 'REUSED', 'one')))).to.equal('AA');
    expect(codeOf(await send(adt('P3', 'REUSED', 'two')))).to.equal('AA');
    await api.idle();
    expect(arrivals('REUSED')).to.equal(2);
    const [second, first] = await api.messages('?control_id=REUSED');
    expect((await api.trace(first!.id)).warning).to.equal(undefined);
    expect((await api.trace(second!.id)).warning).to.equal('control-id-reused');
  });

  it('never answers AA while the store is away, and goes on by itself when it is back', async () => {
    expect(codeOf(await send(adt('P4', 'BEFORE')))).to.equal('AA');
    await killPostgres(site.data);
    for (const id of ['AWAY1', 'AWAY2']) {
      const answer = await send(adt('P4', id));
      expect(codeOf(answer), answer).to.equal('AE');
      expect(answer).to.include('store-unreachable');
    }
    expect((await api.request('GET', '/readyz')).status).to.equal(503);
    expect((await api.request('GET', '/healthz')).status).to.equal(200);

    await startPostgres(site.data);
    await until(async () => codeOf(await send(adt('P4', 'AWAY1'))) === 'AA');
    expect(codeOf(await send(adt('P4', 'AFTER')))).to.equal('AA');
    await api.idle();
    expect(['BEFORE', 'AWAY1', 'AWAY2', 'AFTER'].map(arrivals)).to.deep.equal([1, 1, 0, 1]);
    expect((await api.request('GET', '/readyz')).status).to.equal(200);
  });
});
