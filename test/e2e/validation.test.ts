import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { type EngineProcess, startEngineProcess } from '../helpers/process.ts';
import { controlIdOf, type MllpReceiver, startMllpReceiver } from '../helpers/receiver.ts';
import { createSite, type TestSite } from '../helpers/site.ts';
import { type Api, createApi } from './api.ts';
import { codeOf, sendOnce } from './sender.ts';

const sample = (file: string): Buffer =>
  readFileSync(new URL(`../../samples/invalid/${file}`, import.meta.url));

describe('validation in a running engine', function () {
  this.timeout(60_000);
  let receiver: MllpReceiver;
  let site: TestSite;
  let engine: EngineProcess;
  let api: Api;
  /** By channel. */
  const addresses: Record<string, string> = {};

  const arrivals = (id: string): number => receiver.messages.filter((one) => controlIdOf(one) === id).length;
  const newest = async (channel: string) => (await api.messages(`?limit=1&channel=${channel}`))[0]!;

  before(async () => {
    receiver = await startMllpReceiver();
    const channel = (accept: object) => ({
      source: { mllp: { port: 0 } },
      accept: { messages: ['ADT^*', 'ORU^R01'], ...accept },
      route: [{ to: 'lab' }],
    });
    site = await createSite({
      channels: {
        off: channel({}),
        warn: channel({ validate: 'warn' }),
        reject: channel({ validate: 'reject', profile: 'his' }),
      },
      systems: { lab: { mllp: { host: '127.0.0.1', port: receiver.port } } },
    });
    await site.write('profiles/his.yaml', {
      profile: 'his',
      description: 'Of a test.',
      fields: { 'PID-3.4': { required: true } },
    });
    engine = startEngineProcess(site);
    const places = await engine.ready;
    for (const { channel: name, address } of places.channels) addresses[name] = address;
    api = createApi(places.http, places.token!);
  });

  after(async () => {
    await engine?.end('SIGKILL');
    await receiver?.stop();
    await site?.remove();
  });

  it('finds nothing where it was not asked to look', async () => {
    expect(codeOf(await sendOnce(addresses['off']!, sample('adt-a08-values.hl7')))).to.equal('AA');
    const trace = await api.trace((await newest('off')).id);
    expect(trace).not.to.have.any.keys('findings', 'warning');
  });

  it('takes a message with findings where the channel warns, and keeps them with it', async () => {
    expect(codeOf(await sendOnce(addresses['warn']!, sample('oru-r01-results.hl7')))).to.equal('AA');
    await api.idle();
    expect(arrivals('LAB000181')).to.equal(1);
    const message = await newest('warn');
    expect(message.state).to.equal('processed');
    const trace = await api.trace(message.id);
    expect(trace.warning).to.equal('findings');
    expect(trace.findings?.[0]).to.deep.equal({
      severity: 'error',
      rule: 'wrong-type',
      path: 'OBX-5',
      condition: '102',
      says: 'expected a number (NM), found other text of 8 characters',
    });
    expect(trace.findings?.map(({ path }) => path))
      .to.include('OBX[4]-5.5')
      .and.include('QQQ');
    const page = await api.request('GET', `/messages/${message.id}`);
    expect(page.text).to.include('<code>OBX[4]-5.5</code>').and.include('wrong-type');
    const metrics = await api.request('GET', '/metrics');
    expect(metrics.text).to.match(/pipehat_findings_total\{channel="warn",rule="segment-unknown"\} 1/);
    expect(metrics.text).not.to.include('pipehat_findings_total{channel="off"');
  });

  it('answers AE with place and code where the channel rejects, and keeps the message', async () => {
    const answer = await sendOnce(addresses['reject']!, sample('adt-a01-missing.hl7'));
    expect(codeOf(answer)).to.equal('AE');
    expect(answer).to.match(/\rERR\|\|EVN\^1\|100\^[^|]*\|E\|segment-missing\^\^L\|/);
    await api.idle();
    expect(arrivals('HIS00081')).to.equal(0);
    const message = await newest('reject');
    expect(message).to.include({ state: 'rejected', error: 'message-invalid' });
    const trace = await api.trace(message.id);
    expect(trace.error).to.include({ at: 'EVN' });
    expect(trace.error?.says).to.include('found 3 errors; the first: ADT_A01 lacks EVN');
    expect(trace.findings?.map(({ path }) => path)).to.deep.equal(['EVN', 'PID-5', 'PV1-2']);
  });

  it('rejects what breaks the profile alone', async () => {
    const answer = await sendOnce(addresses['reject']!, sample('adt-a01-profile.hl7'));
    expect(answer).to.match(/\rERR\|\|PID\^1\^3\^1\^4\|101\^[^|]*\|E\|profile-required\^\^L\|/);
  });

  it('takes what has warnings only', async () => {
    const text = sample('adt-a01-profile.hl7')
      .toString()
      .replace('100234^^^^MR', '100234^^^RGH^MR')
      .replace('|A\r', '|Q\r');
    expect(codeOf(await sendOnce(addresses['reject']!, text))).to.equal('AA');
    const trace = await api.trace((await newest('reject')).id);
    expect(trace.findings?.map(({ severity, path }) => `${severity} ${path}`)).to.deep.equal([
      'warning PID-8',
    ]);
  });

  it('warns of both where a control id comes with other content', async () => {
    const text = sample('adt-a01-profile.hl7').toString().replace('|A\r', '|Q\r');
    for (const more of ['', 'NTE|1\r']) {
      expect(codeOf(await sendOnce(addresses['warn']!, `${text}${more}`))).to.equal('AA');
    }
    expect((await api.trace((await newest('warn')).id)).warning).to.equal('findings, control-id-reused');
  });
});
