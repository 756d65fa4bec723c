import { expect } from 'chai';
import type { ApiContext, Queue } from '../../src/api/context.ts';
import { type ApiServer, createApi } from '../../src/api/server.ts';
import { PipehatError } from '../../src/errors.ts';
import { type Asked, bearer, fakeContext, messages, original, status, token, trace } from './context.ts';

describe('HTTP API', () => {
  let api: ApiServer;
  let asked: Asked;
  const options = { host: '127.0.0.1', port: 0, host_names: ['engine.ghh.example'], version: '0.1.0' };

  const build = (changes: Partial<ApiContext> = {}) => {
    const fake = fakeContext(changes);
    asked = fake.asked;
    api = createApi(options, fake.context);
  };
  const get = (url: string, headers: Record<string, string> = bearer) =>
    api.app.inject({ url, headers: { host: 'localhost', ...headers } });
  const post = (url: string, headers: Record<string, string> = bearer, payload = '') =>
    api.app.inject({ method: 'POST', url, headers: { host: 'localhost', ...headers }, payload });

  beforeEach(() => build());
  afterEach(() => api.stop(1000));

  describe('probes', () => {
    it('say without a token that the process is alive', async () => {
      expect((await get('/healthz', {})).json()).to.deep.equal({ alive: true });
    });

    it('say what is not ready', async () => {
      expect((await get('/readyz', {})).statusCode).to.equal(200);
      await api.stop(1000);
      const checks = [
        { name: 'database', ok: true, says: 'answers' },
        { name: 'queues', ok: false, says: 'no connection' },
      ];
      build({ ready: async () => checks });
      const answer = await get('/readyz', {});
      expect(answer.statusCode).to.equal(503);
      expect(answer.json()).to.deep.equal({ ready: false, checks });
    });
  });

  describe('tokens', () => {
    for (const url of [
      '/',
      '/metrics',
      '/v1/status',
      '/v1/messages',
      '/openapi.json',
      '/queues',
      '/nowhere',
    ]) {
      it(`are asked for at ${url}, in the same words whether missing or wrong`, async () => {
        const missing = await get(url, {});
        const wrong = await get(url, { authorization: 'Bearer wrong' });
        expect(missing.statusCode).to.equal(401);
        expect(missing.headers['content-type']).to.equal('application/problem+json');
        expect(missing.headers['www-authenticate']).to.equal('Bearer realm="pipehat"');
        expect(missing.json()).to.include({ status: 401, code: 'api-unauthorized' });
        expect(missing.json()).to.have.keys('type', 'title', 'status', 'code', 'detail', 'advice');
        expect(wrong.body).to.equal(missing.body);
        expect(wrong.statusCode).to.equal(401);
      });
    }

    it('that are wrong are not helped by a good session', async () => {
      const cookie = await logIn();
      expect((await get('/v1/status', { cookie, authorization: 'Bearer wrong' })).statusCode).to.equal(401);
    });
  });

  describe('sessions', () => {
    it('send a browser to the login page and then where it wanted to go', async () => {
      const first = await get('/messages/abc?bodies=true', { accept: 'text/html' });
      expect(first.statusCode).to.equal(303);
      expect(first.headers.location).to.equal('/login?to=%2Fmessages%2Fabc%3Fbodies%3Dtrue');
      const page = await get(String(first.headers.location), { accept: 'text/html' });
      expect(page.body).to.include('value="/messages/abc?bodies=true"');
      const answer = await postLogin(token, '/messages/abc?bodies=true');
      expect(answer.statusCode).to.equal(303);
      expect(answer.headers.location).to.equal('/messages/abc?bodies=true');
    });

    it('hold a random number in a strict cookie, not the token', async () => {
      const cookie = String((await postLogin(token)).headers['set-cookie']);
      expect(cookie).to.match(
        /^pipehat_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
      );
      expect(cookie).not.to.include(token);
      expect(await logIn()).not.to.equal(await logIn());
    });

    it('let in until logged out', async () => {
      const cookie = await logIn();
      expect((await get('/v1/status', { cookie })).statusCode).to.equal(200);
      await post('/logout', { cookie, origin: 'http://localhost' });
      expect((await get('/v1/status', { cookie })).statusCode).to.equal(401);
    });

    it('are not opened by a wrong token', async () => {
      const answer = await postLogin('wrong');
      expect(answer.statusCode).to.equal(401);
      expect(answer.headers).not.to.have.property('set-cookie');
      expect(answer.body).to.include('This token is not valid.');
    });

    for (const to of [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      '/.//evil.example',
      'javascript:x',
    ]) {
      it(`do not lead to ${to}`, async () => {
        const { location } = (await postLogin(token, to)).headers;
        expect(new URL(String(location), 'http://localhost').origin).to.equal('http://localhost');
      });
    }

    for (const origin of ['http://localhost:8080', 'https://evil.example', 'null', undefined]) {
      it(`do not let a page of ${origin} change anything`, async () => {
        const cookie = await logIn();
        const headers = { cookie, ...(origin === undefined ? {} : { origin }) };
        const answer = await post(`/v1/messages/${trace.id}/replay`, headers);
        expect(answer.statusCode).to.equal(403);
        expect(answer.json().code).to.equal('api-foreign-page');
        expect(asked.replays).to.deep.equal([]);
        expect((await post('/login', { ...form, ...headers }, `token=${token}&to=/`)).statusCode).to.equal(
          403,
        );
      });
    }

    it('let our own page change things', async () => {
      const cookie = await logIn();
      const answer = await post(`/v1/messages/${trace.id}/replay`, { cookie, origin: 'http://localhost' });
      expect(answer.statusCode).to.equal(202);
    });
  });

  describe('hosts', () => {
    for (const host of [
      'localhost',
      'LOCALHOST:8080',
      '127.0.0.1:9',
      '[::1]:8080',
      'engine.ghh.example:443',
    ]) {
      it(`answers as ${host}`, async () => {
        expect((await get('/healthz', { host })).statusCode).to.equal(200);
      });
    }
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80']) {
      it(`does not answer as "${host}"`, async () => {
        const answer = await get('/v1/status', { ...bearer, host });
        expect(answer.statusCode).to.equal(421);
        expect(answer.json().code).to.equal('api-wrong-host');
        expect(asked.tokens).to.deep.equal([]);
      });
    }
  });

  describe('headers', () => {
    for (const url of ['/healthz', '/v1/status', '/login', '/nowhere', '/assets/live.js']) {
      it(`keep ${url} in its place`, async () => {
        const { headers } = await get(url);
        expect(headers['content-security-policy']).to.include("script-src 'self'");
        expect(headers['content-security-policy']).to.include("frame-ancestors 'none'");
        expect(headers['content-security-policy']).not.to.include('unsafe');
        expect(headers['x-content-type-options']).to.equal('nosniff');
        expect(headers['referrer-policy']).to.equal('same-origin');
      });
    }
  });

  describe('figures', () => {
    it('are given for programs and for Prometheus', async () => {
      expect((await get('/v1/status')).json()).to.deep.equal(status);
      const metrics = await get('/metrics');
      expect(metrics.headers['content-type']).to.equal('text/plain; version=0.0.4; charset=utf-8');
      expect(metrics.body).to.equal('pipehat_received_total{channel="adt"} 2\n');
    });
  });

  describe('messages', () => {
    it('are listed, 50 unless told', async () => {
      expect((await get('/v1/messages')).json()).to.deep.equal({ messages });
      expect(asked.filters).to.deep.equal([{ limit: 50 }]);
    });

    it('are filtered', async () => {
      const filter = {
        channel: 'adt',
        state: 'failed',
        type: 'ADT^A01',
        control_id: 'A&B',
        patient: '12345',
        since: '2026-03-01T00:00:00Z',
        until: '2026-03-02T00:00:00+01:00',
        before: messages[3]!.id,
      };
      await get(`/v1/messages?${new URLSearchParams({ ...filter, limit: '2' })}`);
      expect(asked.filters).to.deep.equal([{ ...filter, limit: 2 }]);
    });

    for (const query of [
      'chanel=adt',
      'limit=0',
      'limit=many',
      'since=yesterday',
      'before=%27--',
      'state=a&state=b',
    ]) {
      it(`are not listed for ${query}`, async () => {
        const answer = await get(`/v1/messages?${query}`);
        expect(answer.statusCode).to.equal(400);
        expect(answer.json().code).to.equal('api-bad-request');
        expect(answer.json().detail).to.include('querystring');
        expect(answer.body).not.to.match(/yesterday|many/);
        expect(asked.filters).to.deep.equal([]);
      });
    }

    it('are traced without bodies, unless asked for', async () => {
      expect((await get(`/v1/messages/${trace.id}`)).json()).to.deep.equal(trace);
      expect((await get(`/v1/messages/${trace.id}?bodies=true`)).json().body).to.include('MSH|');
      const by = { name: 'first' };
      expect(asked.traces).to.deep.equal([
        { id: trace.id, bodies: false, by },
        { id: trace.id, bodies: true, by },
      ]);
    });

    it('are given out byte for byte, in the name of the caller', async () => {
      const answer = await get(`/v1/messages/${trace.id}/bytes`);
      expect(answer.rawPayload.equals(original)).to.equal(true);
      expect(answer.headers).to.include({
        'content-type': 'application/octet-stream',
        'content-length': String(original.length),
        'content-disposition': `attachment; filename="${trace.id}.hl7"`,
      });
      expect(asked.bytes).to.deep.equal([{ id: trace.id, by: { name: 'first' } }]);
    });

    it('are replayed in the name of the caller', async () => {
      const answer = await post(`/v1/messages/${trace.id}/replay`);
      expect(answer.statusCode).to.equal(202);
      expect(answer.json()).to.deep.equal({ id: trace.id, channel: 'adt' });
      expect(asked.replays).to.deep.equal([{ id: trace.id, by: { name: 'first' } }]);
    });

    it('that are not there are said to be so', async () => {
      const urls = ['/v1/messages/1', '/v1/messages/1/bytes'];
      for (const answer of [
        ...(await Promise.all(urls.map((url) => get(url)))),
        await post('/v1/messages/1/replay'),
      ]) {
        expect(answer.statusCode).to.equal(404);
        expect(answer.json().code).to.equal('api-message-not-found');
      }
    });
  });

  describe('problems', () => {
    it('of the engine keep their code and advice', async () => {
      await api.stop(1000);
      const refused = new PipehatError('hl7-bad-date');
      const away = new PipehatError('port-in-use', { host: 'h', port: 1 });
      build({ replay: () => Promise.reject(refused), status: () => Promise.reject(away) });
      const refusal = await post(`/v1/messages/${trace.id}/replay`);
      expect(refusal.statusCode).to.equal(409);
      expect(refusal.json()).to.include({ code: 'hl7-bad-date', advice: refused.advice });
      expect((await get('/v1/status')).statusCode).to.equal(503);
    });

    it('inside never come out, neither in the answer nor in the log', async () => {
      await api.stop(1000);
      build({ status: () => Promise.reject(new Error('SELECT secret DOE^JANE')) });
      const answer = await get('/v1/status');
      expect(answer.statusCode).to.equal(500);
      expect(answer.json().code).to.equal('api-internal');
      expect(asked.logged).to.have.length(1);
      expect(asked.logged[0]?.facts).to.include({ code: 'api-internal', route: 'GET /v1/status' });
      expect(`${answer.body}${JSON.stringify(asked.logged)}`).not.to.match(/SELECT|DOE/);
    });

    it('are pages for browsers', async () => {
      const answer = await get('/nowhere', { ...bearer, accept: 'text/html' });
      expect(answer.statusCode).to.equal(404);
      expect(answer.headers['content-type']).to.equal('text/html; charset=utf-8');
      expect(answer.body).to.include('api-not-found');
    });

    it('are told for bodies that are too large or not understood', async () => {
      const large = await post('/login', { ...form, origin: 'http://localhost' }, 'x'.repeat(70_000));
      const other = await post('/login', { 'content-type': 'text/xml' }, '<x/>');
      expect(large.json()).to.include({ status: 400, code: 'api-bad-request' });
      expect(other.json()).to.include({ status: 400, code: 'api-bad-request' });
    });
  });

  it('shows queues, and lets nobody change them where no audit sees it', async () => {
    await api.stop(1000);
    let paused = false;
    const pause = () => {
      paused = true;
    };
    build({
      queues: () => [{ name: 'channel-adt', metaValues: { version: 'bullmq' }, pause } as unknown as Queue],
    });
    const url = '/queues/api/queues/channel-adt/pause';
    const answer = await api.app.inject({ method: 'PUT', url, headers: { host: 'localhost', ...bearer } });
    expect(answer.statusCode).to.equal(405);
    expect(paused).to.equal(false);
  });

  it('describes itself', async () => {
    const description = (await get('/openapi.json')).json();
    expect(description.openapi).to.equal('3.1.0');
    expect(Object.keys(description.paths)).to.deep.equal([
      '/healthz',
      '/readyz',
      '/v1/status',
      '/metrics',
      '/v1/messages',
      '/v1/messages/{id}',
      '/v1/messages/{id}/bytes',
      '/v1/messages/{id}/replay',
    ]);
    expect(
      description.paths['/v1/messages'].get.parameters.map((each: { name: string }) => each.name),
    ).to.include('patient');
  });

  describe('its port', () => {
    it('is given once started', async () => {
      await api.start();
      expect(api.address).to.match(/^127\.0\.0\.1:\d+$/);
      expect((await fetch(`http://${api.address}/healthz`)).status).to.equal(200);
    });

    it('in use is said to be so', async () => {
      await api.start();
      const port = Number(api.address.split(':')[1]);
      const second = createApi({ ...options, port }, fakeContext().context);
      const error = await second.start().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      await second.stop(1000);
      expect(error).to.be.instanceOf(PipehatError);
      expect(error).to.include({ code: 'port-in-use' });
      expect((error as PipehatError).message).to.include(String(port));
    });

    it('is closed by the deadline even when an answer never comes', async () => {
      await api.stop(1000);
      let entered = () => {};
      const inside = new Promise<void>((resolve) => {
        entered = resolve;
      });
      build({
        status: () => {
          entered();
          return new Promise(() => {});
        },
      });
      await api.start();
      const answer = fetch(`http://${api.address}/v1/status`, { headers: bearer }).then(
        () => 'answered',
        () => 'cut off',
      );
      await inside;
      await api.stop(20);
      expect(await answer).to.equal('cut off');
    });
  });

  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const postLogin = (given: string, to = '/') =>
    post(
      '/login',
      { ...form, origin: 'http://localhost' },
      String(new URLSearchParams({ token: given, to })),
    );
  const logIn = async () => String((await postLogin(token)).headers['set-cookie']).split(';')[0] ?? '';
});
