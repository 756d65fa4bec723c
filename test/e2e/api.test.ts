import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type EngineProcess, startEngineProcess } from '../helpers/process.ts';
import { type FhirReceiver, startFhirReceiver } from '../helpers/receiver.ts';
import { createSite, type TestSite } from '../helpers/site.ts';
import { type Api, createApi } from './api.ts';
import { codeOf, sendOnce } from './sender.ts';

const sample = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`../../samples/${name}`, import.meta.url)));

describe('the HTTP API of a running engine', function () {
  this.timeout(60_000);
  let ehr: FhirReceiver;
  let site: TestSite;
  let engine: EngineProcess;
  let address: string;
  let http: string;
  let token: string;
  let api: Api;
  const idOf = async (query: string): Promise<string> => (await api.messages(query))[0]!.id;

  before(async () => {
    ehr = await startFhirReceiver();
    site = await createSite({
      channels: {
        hospital: {
          source: { mllp: { port: 0 } },
          accept: { messages: ['ADT^*', 'ORU^R01'] },
          order: 'patient',
          steps: [{ transform: 'v2-to-fhir' }],
          route: [{ to: 'ehr' }, { to: 'archive' }],
        },
      },
      systems: {
        ehr: { fhir: { base_url: `http://127.0.0.1:${ehr.port}` } },
        archive: { file: { path: 'archive.ndjson' } },
      },
    });
    engine = startEngineProcess(site);
    const places = await engine.ready;
    address = places.channels[0]!.address;
    http = places.http;
    token = places.token!;
    api = createApi(http, token);
    for (const name of ['adt-a01-admit', 'adt-a03-discharge', 'oru-r01-cbc', 'adt-a28-add-person'])
      expect(codeOf(await sendOnce(address, sample(`${name}.hl7`)))).to.match(/^[AC]A$/);
    expect(codeOf(await sendOnce(address, sample('bad/type-not-accepted.hl7')))).to.equal('AR');
    expect(codeOf(await sendOnce(address, sample('adt-a01-admit.hl7')))).to.equal('CA');
    await api.idle();
  });

  after(async () => {
    await engine?.end('SIGKILL');
    await ehr?.stop();
    await site?.remove();
  });

  it('tells probes, without a token, that it lives and takes messages', async () => {
    const stranger = createApi(http, '');
    expect((await stranger.request('GET', '/healthz')).status).to.equal(200);
    const ready = await stranger.request('GET', '/readyz');
    expect(ready.status).to.equal(200);
    expect(JSON.parse(ready.text).checks.map((check: { name: string }) => check.name)).to.deep.equal([
      ...['database', 'queues', 'listener of hospital'],
    ]);
  });

  it('tells nothing else without a token', async () => {
    const paths = ['/metrics', '/v1/status', '/v1/messages', '/v1/messages/1', '/', '/queues'];
    for (const stranger of [createApi(http, ''), createApi(http, `${token}x`)])
      for (const path of paths) expect((await stranger.request('GET', path)).status, path).to.equal(401);
  });

  it('counts what it did, for Prometheus', async () => {
    const { text } = await api.request('GET', '/metrics');
    const lines = text.split('\n');
    expect(lines).to.include.members([
      'pipehat_received_total{channel="hospital"} 6',
      'pipehat_acknowledged_total{channel="hospital"} 5',
      'pipehat_duplicates_total{channel="hospital"} 1',
      'pipehat_rejected_total{channel="hospital",code="message-type-not-accepted"} 1',
      'pipehat_processed_total{channel="hospital",result="processed"} 4',
      'pipehat_delivered_total{destination="ehr"} 4',
      'pipehat_delivered_total{destination="archive"} 4',
      'pipehat_ack_latency_seconds_count{channel="hospital"} 5',
      'pipehat_delivery_latency_seconds_count{channel="hospital",destination="ehr"} 4',
    ]);
  });

  it('tells the figures of each channel and destination', async () => {
    const { channels, destinations } = await api.status();
    expect(channels).to.have.length(1);
    expect(channels[0]).to.include({ name: 'hospital', received: 5, processed: 4, rejected: 1, waiting: 0 });
    expect(channels[0]!.source.address).to.equal(address);
    expect(
      destinations.map(({ name, delivered, waiting }) => ({ name, delivered, waiting })),
    ).to.have.deep.members([
      { name: 'ehr', delivered: 4, waiting: 0 },
      { name: 'archive', delivered: 4, waiting: 0 },
    ]);
  });

  it('finds messages by patient, state and type', async () => {
    const patient = /\rPID\|[^|]*\|[^|]*\|([^^~|]*)/.exec(sample('adt-a01-admit.hl7').toString())![1]!;
    const ofPatient = await api.messages(`?patient=${patient}`);
    expect(ofPatient.map(({ type }) => type))
      .to.include('ADT^A01')
      .and.not.to.include('ADT^A28');
    expect(await api.messages(`?patient=${patient.slice(0, -1)}`)).to.deep.equal([]);
    expect((await api.messages('?state=rejected')).map(({ type }) => type)).to.deep.equal(['QRY^A19']);
    expect((await api.messages('?type=ORU^R01')).map(({ deliveries }) => deliveries)).to.deep.equal([
      { acknowledged: 2 },
    ]);
    expect((await api.request('GET', '/v1/messages?pacient=1')).status).to.equal(400);
  });

  it('traces a message from its bytes to the answers; who sees bodies is in the audit', async () => {
    const bytes = sample('adt-a01-admit.hl7');
    const id = await idOf('?type=ADT^A01');
    const plain = await api.trace(id);
    expect(plain).not.to.have.property('body');
    expect(JSON.stringify(plain)).not.to.include('request').and.not.to.include('Bundle');
    expect(plain.audit.map(({ action }) => action)).not.to.include('message bodies shown');

    const trace = await api.trace(id, '?bodies=true');
    expect(trace.body).to.equal(bytes.toString());
    expect(trace.events.map(({ type }) => type)).to.deep.equal(['encounter.admitted']);
    const toEhr = trace.deliveries.find(({ destination }) => destination === 'ehr')!;
    expect(toEhr.attempts).to.have.length(1);
    const [attempt] = toEhr.attempts;
    expect(attempt).to.include({ outcome: 'accepted', status: '200' });
    expect(JSON.parse(attempt!.request!)).to.include({ resourceType: 'Bundle', type: 'transaction' });
    expect(JSON.parse(attempt!.response!)).to.include({ type: 'transaction-response' });
    const shown = trace.audit.filter(({ action }) => action === 'message bodies shown');
    expect(shown.map(({ by }) => by)).to.deep.equal(['first']);
  });

  it('replays a message: a second event, second deliveries, the same records', async () => {
    const id = await idOf('?type=ADT^A28');
    const before = ehr.records.size;
    expect((await api.request('POST', `/v1/messages/${id}/replay`)).status).to.equal(202);
    await api.idle();
    const { events, deliveries, audit } = await api.trace(id);
    expect(events.map(({ type }) => type)).to.deep.equal(['patient.created', 'patient.created']);
    expect(new Set(events.map((event) => event.resources.join())).size).to.equal(1);
    expect(deliveries.map(({ state }) => state)).to.deep.equal(Array(4).fill('acknowledged'));
    expect(audit.map(({ action }) => action)).to.include('message received again: replay');
    expect(ehr.records.size).to.equal(before);
  });

  it('says what can not be replayed, and what is not there', async () => {
    const id = await idOf('?state=rejected');
    expect((await api.request('POST', `/v1/messages/${id}/replay`)).status).to.equal(409);
    expect((await api.request('GET', '/v1/messages/999999')).status).to.equal(404);
  });
});
