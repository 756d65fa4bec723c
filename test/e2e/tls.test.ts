// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in configuration have this form
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { type Authority, createAuthority, type Pair } from '../helpers/certificates.ts';
import { type EngineProcess, startEngineProcess } from '../helpers/process.ts';
import { createSite, type TestSite } from '../helpers/site.ts';
import { adt } from '../helpers/world.ts';
import { codeOf, exchange } from './sender.ts';

describe('TLS of a running engine', function () {
  this.timeout(60_000);
  let site: TestSite;
  let engine: EngineProcess;
  let authority: Authority;
  let sender: Pair;
  let folder: string;
  let places: Awaited<EngineProcess['ready']>;

  before(async () => {
    authority = await createAuthority();
    sender = await authority.issue({ name: 'his.example.org' });
    const server = await authority.issue({ name: 'engine', dns: ['127.0.0.1'], days: 30 });
    const tls = {
      cert: '${file:tls/server.pem}',
      key: '${file:tls/server.key}',
      ca: '${file:tls/ca.pem}',
      allow_certificates: ['his.example.org'],
    };
    const channel = {
      accept: { messages: ['ADT^A08'], versions: '2.3 - 2.8' },
      route: [{ to: 'inbox' }],
    };
    site = await createSite({
      channels: {
        mllp: { source: { mllp: { port: 0, tls, frame_timeout_ms: 200 } }, ...channel },
        http: { source: { http: { port: 0, tls, path: '/hl7' } }, ...channel },
      },
      systems: { inbox: { file: { path: 'inbox.ndjson', content: 'hl7' } } },
    });
    folder = join(site.folder, 'tls');
    await mkdir(folder);
    await writeFile(join(folder, 'server.pem'), server.cert);
    await writeFile(join(folder, 'server.key'), server.key);
    await writeFile(join(folder, 'ca.pem'), authority.ca);
    engine = startEngineProcess(site);
    places = await engine.ready;
  });

  after(async () => {
    await engine?.end('SIGKILL');
    await site?.remove();
  });

  const addressOf = (channel: string): string =>
    places.channels.find((place) => place.channel === channel)!.address;

  async function open(channel: string, pair: Partial<Pair> = sender) {
    const [host, port] = addressOf(channel).split(':');
    const socket = connect({ host: host!, port: Number(port), ca: authority.ca, ...pair });
    socket.on('error', () => socket.destroy());
    await once(socket, 'secureConnect');
    return socket;
  }

  it('takes certificate and key from where the references say, and lets in whom it knows', async () => {
    const socket = await open('mllp');
    expect(codeOf(await exchange(socket, adt('1', 'T1')))).to.equal('AA');
    socket.destroy();
    const body = adt('2', 'T2');
    const secure = await open('http');
    secure.write(
      `POST /hl7 HTTP/1.1\r\nhost: a\r\ncontent-type: application/hl7-v2\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    const [answer] = await once(secure, 'data');
    expect(String(answer)).to.match(/^HTTP\/1.1 200 OK\r\n/);
    secure.destroy();
  });

  it('tells in its metrics of refusals and of when the certificates end', async () => {
    const stranger = await open('mllp', await authority.issue({ name: 'stranger' }));
    await once(stranger, 'close');
    const late = await open('mllp');
    late.write(`\x0b${adt('3', 'T3')}`);
    const [answer] = await once(late, 'data');
    expect(String(answer)).to.include('MSA|AE|T3').and.include('mllp-frame-late');
    late.destroy();
    const response = await fetch(`http://${places.http}/metrics`, {
      headers: { authorization: `Bearer ${places.token}` },
    });
    const text = await response.text();
    expect(text).to.include('pipehat_connections_refused_total{channel="mllp",reason="certificate"} 1');
    expect(text).to.include('pipehat_rejected_total{channel="mllp",code="mllp-frame-late"} 1');
    expect(text).to.match(/pipehat_intake_memory_bytes \d+\n/);
    for (const name of ['mllp', 'http']) {
      const ends = new RegExp(
        `pipehat_certificate_expiry_timestamp_seconds{kind="channel",name="${name}"} (\\d+)`,
      );
      const days = (Number(ends.exec(text)?.[1]) * 1000 - Date.now()) / 86_400_000;
      expect(days).to.be.within(29, 31);
    }
  });
});
