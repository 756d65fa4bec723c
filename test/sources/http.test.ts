import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { expect } from 'chai';
import { Default } from 'typebox/value';
import type { Accept, Connection, ConnectionRefusal, Source, SourceContext } from '../../src/component.ts';
import { buildAck, readAck } from '../../src/hl7/ack.ts';
import { readHeader } from '../../src/hl7/header.ts';
import { createIntakeMemory } from '../../src/network/memory.ts';
import { type HttpOptions, http } from '../../src/sources/http.ts';
import { eventually, PLANTED_NAME } from '../contract/destination.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { sourceContext } from '../helpers/contexts.ts';

const message = (n: number, rest = ''): string =>
  `MSH|^~\\&|HIS|GHH|PIPEHAT|GHH|20260101120000||ADT^A01^ADT_A01|C${n}|P|2.5\rPID|1||${n}||${PLANTED_NAME}${rest}\r`;

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('source http', () => {
  let sources: Source[];
  let lines: string[];
  let accepted: { text: string; from: Connection }[];
  let refused: ConnectionRefusal[];
  let code: 'AA' | 'AE';
  let held: Promise<unknown>;
  const agents: Agent[] = [];

  beforeEach(() => {
    [sources, lines, accepted, refused, code, held] = [[], [], [], [], 'AA', Promise.resolve()];
  });

  afterEach(async () => {
    for (const agent of agents.splice(0)) agent.destroy();
    for (const source of sources) await source.stop(1000);
    expect(lines.join()).not.to.include(PLANTED_NAME);
  });

  const accept: Accept = async (bytes, from) => {
    accepted.push({ text: Buffer.from(bytes).toString(), from });
    await held;
    const ack = buildAck({ header: readHeader(bytes), code, control_id: '1', time: '20260101' });
    return { bytes: Buffer.from(ack), error: undefined };
  };

  async function listen(
    more: Partial<HttpOptions> = {},
    context: Partial<SourceContext> = {},
  ): Promise<Source> {
    const chosen = Default(http.options, { port: 0, path: '/hl7', ...more }) as HttpOptions;
    const source = http.create(
      chosen,
      sourceContext({ accept, refused: (reason) => refused.push(reason), ...context }, lines),
    );
    sources.push(source);
    await source.start();
    return source;
  }

  const portOf = (source: Source): number => Number(source.address.split(':').at(-1));

  function post(
    source: Source,
    body: string,
    more: RequestOptions = {},
    send = httpRequest,
  ): Promise<Answer> {
    const headers = { 'content-type': 'application/hl7-v2; charset=utf-8', ...more.headers };
    const options = {
      host: '127.0.0.1',
      port: portOf(source),
      path: '/hl7',
      method: 'POST',
      ...more,
      headers,
    };
    return new Promise((resolve, reject) => {
      const request = send(options, async (response) => {
        let text = '';
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
        resolve({ status: response.statusCode, headers: response.headers, body: text });
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  const keptAlive = (): Agent => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    return agent;
  };

  it('answers with the application ACK where that is the only one, and 204 where none is wanted', async () => {
    const out: boolean[] = [];
    const laterOf = (text: string | undefined) => ({
      ready: Promise.resolve(text === undefined ? undefined : Buffer.from(text)),
      sent: (went: boolean) => out.push(went),
    });
    const first = { bytes: Buffer.from('first'), error: undefined };
    const quiet = { bytes: undefined, error: undefined };
    const given = [
      quiet,
      { ...quiet, later: laterOf('second') },
      { ...quiet, later: laterOf(undefined) },
      { ...first, later: laterOf('second') },
    ];
    const source = await listen({}, { accept: async () => given.shift()! });
    const got = [];
    for (let n = 0; n < 4; n++) {
      const { status, body } = await post(source, message(n));
      got.push([status, body]);
    }
    expect(got).to.deep.equal([
      ...[
        [204, ''],
        [200, 'second'],
        [204, ''],
        [200, 'first'],
      ],
    ]);
    await eventually(() => out.length === 2);
    // Beside the first there is no room for it.
    expect(out).to.deep.equal([true, false]);
  });

  it('closes the connection where it must not answer', async () => {
    const source = await listen(
      {},
      { accept: async () => ({ bytes: undefined, error: undefined, close: true }) },
    );
    const failed = await post(source, message(1)).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(Error);
  });

  it('hands over the body as it came, and answers with the ACK in the same type', async () => {
    const source = await listen();
    const answer = await post(source, message(1));
    expect(answer.status).to.equal(200);
    expect(answer.headers['content-type']).to.equal('application/hl7-v2; charset=utf-8');
    expect(readAck(answer.body)).to.include({ code: 'AA', control_id: 'C1' });
    expect(accepted.map(({ text }) => text)).to.deep.equal([message(1)]);
    expect(accepted[0]?.from).to.include({ protocol: 'http', local: source.address, connection: 1 });
  });

  it('answers 200 with whatever the channel says: the transport went well', async () => {
    code = 'AE';
    const answer = await post(await listen(), message(1));
    expect([answer.status, readAck(answer.body).code]).to.deep.equal([200, 'AE']);
  });

  it('takes one message after another over a connection', async () => {
    const source = await listen();
    const agent = keptAlive();
    for (let n = 1; n <= 3; n++) expect((await post(source, message(n), { agent })).status).to.equal(200);
    expect(accepted.map(({ from }) => from.connection)).to.deep.equal([1, 1, 1]);
  });

  it('answers 413 with an ACK AR before all of it has come, and hands the beginning to the engine', async () => {
    const source = await listen({ max_bytes: 1000 });
    const answer = await post(source, message(7, 'x'.repeat(5_000_000)));
    expect(answer.status).to.equal(413);
    expect(readAck(answer.body)).to.include({ code: 'AR', control_id: 'C7' });
    expect(readAck(answer.body).errors[0]?.says).to.include('1000 bytes');
    expect(accepted).to.deep.equal([]);
    expect((await post(source, message(8))).status).to.equal(200);
  });

  it('says as a problem what is no message', async () => {
    const source = await listen();
    const cases: [number, string, RequestOptions, string?][] = [
      [404, 'http-not-found', { path: '/elsewhere' }],
      [405, 'http-wrong-method', { method: 'PUT' }],
      [415, 'http-wrong-type', { headers: { 'content-type': 'application/json' } }],
      [415, 'http-wrong-type', { headers: { 'content-type': 'application/hl7-v2+xml' } }],
      [415, 'http-wrong-type', { headers: { 'content-encoding': 'gzip' } }],
      [400, 'http-message-empty', {}, ''],
    ];
    const agent = keptAlive();
    for (const [status, code, more, body = message(1)] of cases) {
      const answer = await post(source, body, { agent, ...more });
      expect(answer.status, code).to.equal(status);
      expect(answer.headers['content-type']).to.equal('application/problem+json');
      expect(JSON.parse(answer.body)).to.include({ code, status, type: `urn:pipehat:error:${code}` });
    }
    expect(accepted).to.deep.equal([]);
    expect((await post(source, message(1), { agent, path: '/hl7?from=his' })).status).to.equal(200);
  });

  it('asks for the token where it has one', async () => {
    const source = await listen({ token: 'a token of sixteen or more'.replaceAll(' ', '-') });
    for (const authorization of ['', 'Bearer wrong', 'Basic a-token-of-sixteen-or-more']) {
      const answer = await post(source, message(1), { headers: { authorization } });
      expect(answer.status).to.equal(401);
      expect(answer.headers['www-authenticate']).to.include('Bearer');
    }
    const headers = { authorization: 'Bearer a-token-of-sixteen-or-more' };
    expect((await post(source, message(1), { headers })).status).to.equal(200);
    expect(refused).to.deep.equal(['token', 'token', 'token']);
    expect(lines.join()).not.to.include('a-token');
  });

  it('refuses addresses that are not allowed', async () => {
    const source = await listen({ allow_addresses: ['192.0.2.1'] });
    const error = await post(source, message(1)).catch((error: NodeJS.ErrnoException) => error);
    expect(error).to.be.instanceOf(Error);
    expect(refused).to.deep.equal(['address']);
  });

  it('ends a request that does not come to its end, with or without a head', async () => {
    const source = await listen({ request_timeout_ms: 50 });
    for (const [start, end] of [
      [
        'POST /hl7 HTTP/1.1\r\nhost: a\r\ncontent-type: application/hl7-v2\r\ncontent-length: 100\r\n\r\nMSH|',
        /^HTTP\/1.1 408 /,
      ],
      ['POST /hl7 HTTP/1.1\r\nhost:', /^$/],
      ['', /^$/],
    ] as const) {
      const socket = connect(portOf(source), '127.0.0.1');
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.write(start);
      await once(socket, 'close');
      expect(text).to.match(end);
    }
  });

  it('stops reading while memory is used up, and drops nothing', async () => {
    const memory = createIntakeMemory(10_000);
    const source = await listen({}, { memory });
    let release: (value?: unknown) => void = () => undefined;
    held = new Promise((resolve) => {
      release = resolve;
    });
    const answers = Promise.all([1, 2, 3, 4].map((n) => post(source, message(n, 'x'.repeat(2_000_000)))));
    await eventually(() => memory.used_bytes > 2_000_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(memory.used_bytes).to.be.lessThan(4_000_000);
    release();
    expect((await answers).map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
    await eventually(() => memory.used_bytes === 0);
  });

  it('stops: answers what is under way, closes what is idle, takes nothing new', async () => {
    const source = await listen();
    const agent = keptAlive();
    await post(source, message(1), { agent });
    let release: (value?: unknown) => void = () => undefined;
    held = new Promise((resolve) => {
      release = resolve;
    });
    const answer = post(source, message(2));
    await eventually(() => accepted.length === 2);
    const stopped = source.stop(5000);
    const refusedNow = await post(source, message(3)).catch((error: Error) => error);
    expect(refusedNow).to.be.instanceOf(Error);
    release();
    expect((await answer).status).to.equal(200);
    await stopped;
  });

  it('stops at the deadline, whatever is under way', async () => {
    const source = await listen();
    held = new Promise(() => undefined);
    const answer = post(source, message(1)).catch((error: Error) => error);
    await eventually(() => accepted.length === 1);
    await source.stop(20);
    expect(await answer).to.be.instanceOf(Error);
  });

  it('speaks TLS, and asks for a certificate', async () => {
    const authority = await createAuthority();
    const server = await authority.issue({ name: 'engine', dns: ['127.0.0.1'] });
    const tls = { ...server, ca: authority.ca, min_version: 'TLSv1.2', handshake_timeout_ms: 1000 } as const;
    const source = await listen({ tls });
    const agent = new HttpsAgent({
      keepAlive: true,
      maxSockets: 1,
      ca: authority.ca,
      ...(await authority.issue({ name: 'his' })),
    });
    agents.push(agent);
    for (let n = 1; n <= 2; n++) {
      const answer = await post(
        source,
        message(n, 'x'.repeat(200_000)),
        { agent },
        httpsRequest as typeof httpRequest,
      );
      expect([answer.status, readAck(answer.body).code]).to.deep.equal([200, 'AA']);
    }
    expect(accepted.map(({ from }) => from.connection)).to.deep.equal([1, 1]);
    const without = new HttpsAgent({ ca: authority.ca });
    const error = await post(
      source,
      message(3),
      { agent: without },
      httpsRequest as typeof httpRequest,
    ).catch((error: Error) => error);
    expect(error).to.be.instanceOf(Error);
  });

  it('claims its port, unless any will do', () => {
    const chosen = Default(http.options, { port: 8081 }) as HttpOptions;
    expect(http.resources(chosen)).to.deep.equal(['tcp:8081']);
    expect(http.resources({ ...chosen, port: 0 })).to.deep.equal([]);
  });
});
