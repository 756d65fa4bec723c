import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import type { ConnectionRefusal } from '../../src/component.ts';
import { PipehatError } from '../../src/errors.ts';
import { createListener, type Listener, type ListenerContext } from '../../src/network/listener.ts';
import type { ListenerTlsOptions, ListeningOptions } from '../../src/network/options.ts';
import { capturingLog, eventually } from '../contract/destination.ts';
import { type Authority, createAuthority, type Pair } from '../helpers/certificates.ts';

describe('listener', () => {
  let ours: Authority;
  let server: Pair;
  let listeners: Listener[];
  let sockets: Socket[];
  let served: Socket[];
  let lines: string[];
  let refused: ConnectionRefusal[];
  let counts: number[];
  let ends: Date[];

  before(async () => {
    ours = await createAuthority();
    server = await ours.issue({ name: 'engine', dns: ['localhost', '127.0.0.1'] });
  });

  beforeEach(() => {
    [listeners, sockets, served, lines, refused, counts, ends] = [[], [], [], [], [], [], []];
  });

  afterEach(async () => {
    for (const socket of [...sockets, ...served]) socket.destroy();
    await Promise.all(listeners.map((listener) => listener.stop(1000)));
  });

  const tls = (more: Partial<ListenerTlsOptions> = {}): ListenerTlsOptions => ({
    ...server,
    min_version: 'TLSv1.2',
    handshake_timeout_ms: 10_000,
    ...more,
  });

  /** A listener that sends back what it gets. */
  async function listen(
    more: Partial<ListeningOptions> = {},
    context: Partial<ListenerContext> = {},
  ): Promise<Listener> {
    const options = { host: '127.0.0.1', port: 0, max_connections: 10, probe_after_ms: 60_000, ...more };
    const listener = createListener(options, {
      serve(socket) {
        served.push(socket);
        socket.on('error', () => undefined);
        socket.on('data', (chunk) => socket.write(chunk));
        socket.on('end', () => socket.end());
        return { finish: () => socket.end() };
      },
      connections: (open) => counts.push(open),
      refused: (reason) => refused.push(reason),
      certificate: (until) => ends.push(until),
      reread: () => options,
      log: capturingLog(lines),
      ...context,
    });
    listeners.push(listener);
    await listener.start();
    return listener;
  }

  const portOf = (listener: Listener): number => Number(listener.address.split(':').at(-1));

  function open<S extends Socket>(socket: S): S {
    sockets.push(socket);
    socket.on('error', () => undefined);
    return socket;
  }

  const tcp = (listener: Listener): Socket => open(connectTcp(portOf(listener), '127.0.0.1'));

  const secure = (listener: Listener, more: ConnectionOptions = {}): TLSSocket =>
    open(connectTls({ host: '127.0.0.1', port: portOf(listener), ca: ours.ca, ...more }));

  /** What comes back of what was sent; undefined where the connection is closed instead. */
  async function echo(socket: Socket, text = 'hello'): Promise<string | undefined> {
    socket.write(text);
    const answered = once(socket, 'data').then(([chunk]) => String(chunk));
    const closed = new Promise<undefined>((resolve) => socket.once('close', () => resolve(undefined)));
    return Promise.race([answered.catch(() => undefined), closed]);
  }

  it('serves plain connections, and counts them', async () => {
    const listener = await listen();
    const socket = tcp(listener);
    expect(await echo(socket)).to.equal('hello');
    socket.end();
    await eventually(() => counts.length === 2);
    expect(counts).to.deep.equal([1, 0]);
  });

  it('refuses addresses that are not allowed, says so once, and counts each', async () => {
    const listener = await listen({ allow_addresses: ['192.0.2.0/24'] });
    for (let i = 0; i < 3; i++) expect(await echo(tcp(listener))).to.equal(undefined);
    expect(refused).to.deep.equal(['address', 'address', 'address']);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include('allow_addresses').and.include('127.0.0.1:');
    expect(served).to.deep.equal([]);
  });

  it('refuses more connections than may be, in all and from one address', async () => {
    const few = await listen({ max_connections: 1 });
    expect(await echo(tcp(few))).to.equal('hello');
    expect(await echo(tcp(few))).to.equal(undefined);
    const each = await listen({ max_connections_per_address: 1 });
    const first = tcp(each);
    expect(await echo(first)).to.equal('hello');
    expect(await echo(tcp(each))).to.equal(undefined);
    first.end();
    await eventually(async () => (await echo(tcp(each))) === 'hello');
    expect(refused.slice(0, 2)).to.deep.equal(['max_connections', 'max_connections_per_address']);
  });

  it('warns where it listens to others in clear, and nowhere else', async () => {
    await listen();
    await listen({ host: '0.0.0.0', tls: tls() });
    expect(lines).to.deep.equal([]);
    await listen({ host: '0.0.0.0' });
    expect(lines.join()).to.include('without TLS');
  });

  describe('over TLS', () => {
    it('serves, and tells until when the certificate is valid', async () => {
      const listener = await listen({ tls: tls() });
      const socket = secure(listener);
      expect(await echo(socket)).to.equal('hello');
      expect(socket.authorized).to.equal(true);
      expect(socket.getProtocol()).to.equal('TLSv1.3');
      expect(ends.map(String)).to.deep.equal([String(new Date(new X509Certificate(server.cert).validTo))]);
    });

    it('keeps a half-closed connection open until its answers went out', async () => {
      const listener = await listen(
        { tls: tls() },
        {
          serve(socket) {
            served.push(socket);
            socket.on('data', () => undefined);
            socket.on('end', () => setTimeout(() => socket.end('late answer'), 20));
            return { finish: () => socket.end() };
          },
        },
      );
      const socket = secure(listener, { allowHalfOpen: true } as ConnectionOptions);
      socket.end('question');
      const [answer] = await once(socket, 'data');
      expect(String(answer)).to.equal('late answer');
    });

    it('refuses what speaks no TLS, or too old a one', async () => {
      const listener = await listen({ tls: tls({ min_version: 'TLSv1.3' }) });
      expect(await echo(tcp(listener), '\x0bMSH|')).to.equal(undefined);
      expect(await echo(secure(listener, { maxVersion: 'TLSv1.2' }))).to.equal(undefined);
      await eventually(() => refused.length === 2);
      expect(refused).to.deep.equal(['handshake', 'handshake']);
      expect(lines.join()).not.to.include('MSH');
      const old = await listen({ tls: tls() });
      expect(await echo(secure(old, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }))).to.equal(undefined);
      expect(await echo(secure(old, { maxVersion: 'TLSv1.2' }))).to.equal('hello');
    });

    it('closes a connection whose handshake does not come to its end, and counts it until then', async () => {
      const listener = await listen({ max_connections: 1, tls: tls({ handshake_timeout_ms: 100 }) });
      const silent = tcp(listener);
      await eventually(() => counts.length === 1);
      expect(await echo(secure(listener))).to.equal(undefined);
      await once(silent, 'close');
      await eventually(() => counts.at(-1) === 0);
      expect(refused).to.deep.equal(['max_connections', 'handshake']);
      expect(await echo(secure(listener))).to.equal('hello');
    });

    it('forgets a connection whose client goes away in the midst of the handshake', async () => {
      const listener = await listen({ tls: tls({ handshake_timeout_ms: 600_000 }) });
      const socket = secure(listener);
      await once(socket, 'secureConnect'); // For the client; the server has not heard of it yet.
      socket.destroy();
      await eventually(() => counts.at(-1) === 0);
    });

    it('closes handshakes under way when it closes', async () => {
      const listener = await listen({ tls: tls() });
      const silent = tcp(listener);
      await eventually(() => counts.length === 1);
      await listener.stop(1000);
      await eventually(() => silent.destroyed);
    });

    it('asks for a certificate where an authority for clients is named', async () => {
      const listener = await listen({ tls: tls({ ca: ours.ca }) });
      const stranger = await (await createAuthority('Another')).issue({ name: 'his' });
      expect(await echo(secure(listener))).to.equal(undefined);
      expect(await echo(secure(listener, stranger))).to.equal(undefined);
      expect(await echo(secure(listener, await ours.issue({ name: 'his' })))).to.equal('hello');
      expect(await echo(secure(listener, await ours.issue({ name: 'his', days: -2 })))).to.equal(undefined);
      expect(refused).to.deep.equal(['handshake', 'handshake', 'handshake']);
      expect(served).to.have.length(1);
    });

    it('allows certificates by CN, DNS name and fingerprint, and no other', async () => {
      const pinned = await ours.issue({ name: 'pinned' });
      const fingerprint = new X509Certificate(pinned.cert).fingerprint256;
      const allow = ['HIS Production', 'lis.example.org', `sha256:${fingerprint}`];
      const listener = await listen({ tls: tls({ ca: ours.ca, allow_certificates: allow }) });
      const good = [
        await ours.issue({ name: 'HIS Production', dns: ['elsewhere.example.org'] }),
        await ours.issue({ name: 'x', dns: ['LIS.example.org'] }),
        pinned,
      ];
      for (const pair of good) expect(await echo(secure(listener, pair))).to.equal('hello');
      const bad = [
        await ours.issue({ name: 'pinned' }),
        await ours.issue({ name: '*.example.org', dns: ['*.example.org'] }),
        await ours.issue({ name: 'HIS Production 2' }),
      ];
      for (const pair of bad) expect(await echo(secure(listener, pair))).to.equal(undefined);
      expect(refused).to.deep.equal(['certificate', 'certificate', 'certificate']);
      expect(lines.filter((line) => line.includes('allow_certificates'))).to.have.length(1);
    });

    it('takes up a renewed certificate, and keeps the old one where the new can not be used', async () => {
      let chosen = tls();
      let broken = false;
      const options = { host: '127.0.0.1', port: 0, max_connections: 10, probe_after_ms: 60_000 };
      const reread = (): ListeningOptions => {
        if (broken)
          throw new PipehatError('reference-unresolved', { reference: 'file:key', reason: 'ENOENT' });
        return { ...options, tls: chosen };
      };
      const listener = await listen({ tls: chosen }, { reread, reload_ms: 10 });
      const before = secure(listener);
      expect(await echo(before)).to.equal('hello');
      const renewed = await ours.issue({ name: 'engine renewed', dns: ['127.0.0.1'], days: 5 });
      chosen = tls({ ...renewed, key: server.key });
      await eventually(() => lines.some((line) => line.includes('tls-certificate-wrong')));
      chosen = tls({ ...renewed, cert: 'no certificate' });
      await eventually(() => lines.filter((line) => line.includes('tls-certificate-wrong')).length === 2);
      broken = true;
      await eventually(() => lines.some((line) => line.includes('reference-unresolved')));
      broken = false;
      const subject = async (): Promise<unknown> => {
        const socket = secure(listener);
        await once(socket, 'secureConnect');
        const { CN } = socket.getPeerCertificate().subject;
        socket.destroy();
        return CN;
      };
      expect(await subject()).to.equal('engine');
      chosen = tls(renewed);
      await eventually(async () => (await subject()) === 'engine renewed');
      expect(await echo(before), 'an open connection goes on').to.equal('hello');
      expect(ends).to.have.length(2);
      expect(lines.join()).to.include('ends soon').and.not.include('-----');
    });

    it('says what is wrong with certificate and key before it listens', async () => {
      const wrong = [
        tls({ key: (await ours.issue({ name: 'other' })).key }),
        tls({ cert: '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----' }),
        tls({ key: '-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----' }),
      ];
      for (const one of wrong) {
        const error = await listen({ tls: one }).catch((error: unknown) => error);
        expect(error).to.be.instanceOf(PipehatError).with.property('code', 'tls-certificate-wrong');
        expect(String(error)).not.to.include('abc');
      }
      const alone = await listen({ tls: tls({ allow_certificates: ['his'] }) }).catch(
        (error: unknown) => error,
      );
      expect(alone).to.be.instanceOf(PipehatError).with.property('code', 'option-wrong');
    });
  });
});
