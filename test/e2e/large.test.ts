import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type EngineProcess, runCommand, startEngineProcess } from '../helpers/process.ts';
import { createSite, type TestSite } from '../helpers/site.ts';
import { type Api, createApi } from './api.ts';
import { codeOf, exchange, open, sendOnce } from './sender.ts';

const PDF_BYTES = 37.5 * 1024 * 1024;

/** How much more memory than before the engine may have used at its peak, in sizes of the message. */
const MOST_SIZES = 6;

const msh = (id: string): string => `MSH|^~\\&|LAB|GHH|PIPEHAT|GHH|20260317120000||ORU^R01|${id}|P|2.5.1`;
const pid = 'PID|1||7700^^^GHH^MR||Winterfrost^Ottilie';
const obr =
  'OBR|1|P1^HIS|F1^LAB|11502-2^Laboratory report^LN|||20260317110000|||||||||||||||20260317120000||LAB|F';

/** A result with a text, and a document in base64 as an OBX of the type ED. */
function report(id: string, base64: string, text = 'see report'): Buffer {
  const obx = [
    `OBX|1|TX|8251-1^Comment^LN||${text}||||||F`,
    `OBX|2|ED|11502-2^Laboratory report^LN||^AP^PDF^Base64^${base64}||||||F`,
  ];
  return Buffer.from(`${[msh(id), pid, obr, ...obx].join('\r')}\r`);
}

describe('a message of 50 MB', function () {
  this.timeout(120_000);
  const base64 = randomBytes(PDF_BYTES).toString('base64');
  const hash = createHash('sha256').update(base64).digest('hex');
  let ehr: Receiver;
  let lab: Receiver;
  let site: TestSite;
  let engine: EngineProcess;
  let api: Api;
  let addresses: Map<string, string>;

  let token: string;
  const start = async (): Promise<void> => {
    engine = startEngineProcess(site);
    const places = await engine.ready;
    token ??= places.token!;
    api = createApi(places.http, token);
    addresses = new Map(places.channels.map(({ channel, address }) => [channel, address]));
  };

  before(async () => {
    [ehr, lab] = await Promise.all([listen(fhirServer), listen(mllpServer)]);
    const source = { source: { mllp: { port: 0 } }, accept: { messages: ['ORU^R01'] } };
    site = await createSite({
      channels: {
        results: { ...source, steps: [{ transform: 'v2-to-fhir' }], route: [{ to: 'ehr' }] },
        letters: {
          ...source,
          steps: [{ filter: 'OBX-5.contains("carcinoma")' }, { transform: 'v2-to-fhir' }],
          route: [{ to: 'ehr' }],
        },
        copies: { ...source, steps: [{ set: { 'MSH-5': 'OTHERLAB' } }], route: [{ to: 'lab' }] },
      },
      systems: {
        ehr: { fhir: { base_url: `http://127.0.0.1:${ehr.port}` } },
        lab: { mllp: { host: '127.0.0.1', port: lab.port } },
      },
    });
    await start();
    // Compilers and connections are warm.
    for (const [channel, address] of addresses)
      expect(codeOf(await sendOnce(address, report(`WARM ${channel}`, 'AAAA', 'carcinoma')))).to.equal('AA');
    await api.idle();
  });

  after(async () => {
    await engine?.end('SIGKILL');
    await Promise.all([ehr?.stop(), lab?.stop()]);
    await site?.remove();
  });

  /** Sends a message and waits until all of it has arrived; how much memory that took. */
  const pass = (channel: string, message: Buffer): Promise<number> =>
    growthOf(engine.pid, async () => {
      const socket = await open(addresses.get(channel)!);
      expect(codeOf(await exchange(socket, message, 60_000))).to.equal('AA');
      socket.destroy();
      await api.idle();
    });

  it('arrives at a FHIR server whole, in little memory', async () => {
    const message = report('LARGE1', base64);
    const grown = await pass('results', message);
    const body = ehr.received.at(-1)!;
    expect(hashOf(between(body, '"contentType":"application/pdf","data":"', '"'))).to.equal(hash);
    expect(grown).to.be.lessThan(MOST_SIZES * message.length);
  });

  it('arrives at an MLLP receiver whole, in little memory, and is kept once', async () => {
    const message = report('LARGE2', base64);
    const grown = await pass('copies', message);
    const changed = Buffer.from(message.toString().replace('|PIPEHAT|', '|OTHERLAB|'));
    expect(hashOf(lab.received.at(-1)!)).to.equal(hashOf(changed));
    expect(grown).to.be.lessThan(MOST_SIZES * message.length);
    const [first, second] = await Promise.all(
      ['LARGE1', 'LARGE2'].map(async (id) => api.trace((await api.messages(`?control_id=${id}`))[0]!.id)),
    );
    expect(first!.attachments).to.deep.equal(second!.attachments);
    expect(first!.attachments![0]!.size_bytes).to.equal(base64.length);
  });

  it('is given out as it was received, by command and by API, and the audit tells', async () => {
    const expected = hashOf(report('LARGE2', base64));
    const [{ id } = { id: '' }] = await api.messages('?control_id=LARGE2');
    const { code, stdout } = await runCommand([
      ...['trace', id, '--bytes', '--site', site.folder, '--data', site.data],
    ]);
    expect(code).to.equal(0);
    expect(hashOf(Buffer.from(stdout))).to.equal(expected);
    const { status, text } = await api.request('GET', `/v1/messages/${id}/bytes`);
    expect(status).to.equal(200);
    expect(hashOf(Buffer.from(text))).to.equal(expected);
    const { audit } = await api.trace(id);
    expect(audit.filter(({ action }) => action === 'message bytes given out')).to.have.lengthOf(2);
  });

  it('is a text, where it is no base64: conditions see it, the mapping reads its escapes', async () => {
    const line = 'Tumor \\T\\ margin: "no carcinoma"\\.br\\';
    const wrapped = Buffer.from('a document '.repeat(10_000)).toString('base64');
    const message = report('LETTER', wrapped.replace(/.{76}/g, '$&\\X0D0A\\'), line.repeat(8000));
    await pass('letters', message);
    const { entry } = JSON.parse(ehr.received.at(-1)!.toString()) as { entry: { resource: Found }[] };
    const [comment, document] = entry.map(({ resource }) => resource).filter(isObservation);
    expect(comment!.valueString).to.equal('Tumor & margin: "no carcinoma"\n'.repeat(8000));
    expect(document!.extension![0]!.valueAttachment.data).to.equal(wrapped);
    const arrived = ehr.received.length;
    await pass('letters', report('OTHER', 'AAAA', 'x'.repeat(100_000)));
    expect(ehr.received).to.have.lengthOf(arrived);
  });

  it('whose engine is killed on the way is whole after the resend, and there once', async () => {
    const message = report('KILLED', randomBytes(PDF_BYTES / 2).toString('base64'));
    for (const wait_ms of [100, 400]) {
      const socket = await open(addresses.get('results')!);
      const answer = exchange(socket, message).catch(() => 'none');
      await sleep(wait_ms);
      await engine.end('SIGKILL');
      await answer;
      await start();
    }
    await pass('results', message);
    const found = await api.messages('?control_id=KILLED');
    expect(found).to.have.lengthOf(1);
    const { text } = await api.request('GET', `/v1/messages/${found[0]!.id}/bytes`);
    expect(hashOf(Buffer.from(text))).to.equal(hashOf(message));
    const { deliveries } = await api.trace(found[0]!.id);
    expect(deliveries.map(({ state }) => state)).to.deep.equal(['acknowledged']);
  });
});

/** What is looked at of a resource. */
interface Found {
  readonly resourceType: string;
  readonly valueString?: string;
  readonly extension?: { readonly valueAttachment: { readonly data: string } }[];
}

function isObservation({ resourceType }: Found): boolean {
  return resourceType === 'Observation';
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What stands in `bytes` between two words. */
function between(bytes: Buffer, before: string, after: string): Buffer {
  const start = bytes.indexOf(before) + before.length;
  return bytes.subarray(start, bytes.indexOf(after, start));
}

/** How much more memory a process had at its peak during `work` than before it. */
async function growthOf(process_id: number, work: () => Promise<void>): Promise<number> {
  // proc(5): 5 resets the peak to what is in use now.
  writeFileSync(`/proc/${process_id}/clear_refs`, '5');
  const before = peakOf(process_id);
  await work();
  return peakOf(process_id) - before;
}

function peakOf(process_id: number): number {
  const status = readFileSync(`/proc/${process_id}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}

/** A receiver that keeps what comes as bytes. */
interface Receiver {
  readonly port: number;
  readonly received: readonly Buffer[];
  stop(): Promise<void>;
}

async function listen(create: (received: Buffer[]) => Server): Promise<Receiver> {
  const received: Buffer[] = [];
  const server = create(received);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    received,
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.close();
    },
  };
}

/** Takes every transaction. */
function fhirServer(received: Buffer[]): Server {
  return createHttpServer(async (request, response) => {
    const chunks = await Array.fromAsync(request).catch(() => undefined);
    if (chunks === undefined) return; // The engine was killed as it sent this.
    const body = Buffer.concat(chunks);
    received.push(body);
    const { entry } = JSON.parse(body.toString()) as { entry: unknown[] };
    const answer = entry.map(() => ({ response: { status: '200 OK' } }));
    response.writeHead(200, { 'content-type': 'application/fhir+json' });
    response.end(JSON.stringify({ resourceType: 'Bundle', type: 'transaction-response', entry: answer }));
  });
}

/** Answers AA to each message. */
function mllpServer(received: Buffer[]): Server {
  return createServer((socket) => {
    let chunks: Buffer[] = [];
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (chunk.at(-1) !== 0x0d || chunk.at(-2) !== 0x1c) return;
      const message = Buffer.concat(chunks).subarray(1, -2);
      chunks = [];
      received.push(message);
      const id = message.toString('latin1', 0, 200).split('|')[9];
      socket.write(`\x0bMSH|^~\\&|LAB|TEST|||20260101120000||ACK|A${id}|P|2.5.1\rMSA|AA|${id}\r\x1c\r`);
    });
  });
}
