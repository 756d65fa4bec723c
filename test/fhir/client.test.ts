import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { expect } from 'chai';
import { PipehatError } from '../../src/errors.ts';
import { createFhirClient, type FhirClient } from '../../src/fhir/client.ts';

describe('fhir/client', () => {
  let opened: (Server | TcpServer)[] = [];
  let clients: FhirClient[] = [];

  const listen = async <Any extends Server | TcpServer>(server: Any): Promise<string> => {
    opened.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir/`;
  };
  const http = (listener: RequestListener) => listen(createServer(listener));
  const client = (base_url: string, timeout_ms = 2000) => {
    const made = createFhirClient({ base_url, timeout_ms, connections: 2 });
    clients.push(made);
    return made;
  };
  const failure = async (promise: Promise<unknown>): Promise<PipehatError> => {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(PipehatError);
    return error as PipehatError;
  };

  afterEach(async () => {
    await Promise.all(clients.map((each) => each.stop(0)));
    await Promise.all(opened.map((server) => new Promise((resolve) => server.close(resolve))));
    opened = [];
    clients = [];
  });

  it('sends path, headers and body, and gets status, headers and text', async () => {
    const base_url = await http(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString();
      response.writeHead(201, { location: 'here' });
      response.end(
        JSON.stringify([
          request.method,
          request.url,
          request.headers['content-type'],
          request.headers.prefer,
          body,
        ]),
      );
    });
    const { status, headers, body } = await client(base_url).request({
      method: 'PUT',
      path: 'Patient?identifier=a%7Cb',
      body: '{"ä":1}',
      headers: { prefer: 'return=minimal' },
    });
    expect(status).to.equal(201);
    expect(headers.location).to.equal('here');
    expect(JSON.parse(body)).to.deep.equal([
      'PUT',
      '/fhir/Patient?identifier=a%7Cb',
      'application/fhir+json',
      'return=minimal',
      '{"ä":1}',
    ]);
  });

  it('says unreachable where nobody listens, and where the name is unknown', async () => {
    const base_url = await http(() => undefined);
    await new Promise((resolve) => opened.pop()?.close(resolve));
    for (const url of [base_url, 'http://no-such-host.invalid/']) {
      const error = await failure(client(url).request({ method: 'GET', path: 'metadata' }));
      expect([error.code, error.class]).to.deep.equal(['fhir-unreachable', 'transient']);
    }
  });

  it('says unreachable where TLS fails: the request was not sent', async () => {
    const base_url = await http(() => undefined);
    const error = await failure(
      client(base_url.replace('http:', 'https:')).request({ method: 'PUT', path: 'x', body: '{}' }),
    );
    expect(error.code).to.equal('fhir-unreachable');
  });

  it('says no answer where the server takes the request and is silent', async () => {
    const base_url = await http(() => undefined);
    const error = await failure(client(base_url, 100).request({ method: 'PUT', path: 'x', body: '{}' }));
    expect([error.code, error.class]).to.deep.equal(['fhir-no-answer', 'ambiguous']);
    opened.map((server) => (server as Server).closeAllConnections());
  });

  it('says no answer where the connection breaks before or within the answer', async () => {
    const resets = await listen(
      createTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
    );
    const breaksOff = await listen(
      createTcpServer((socket) =>
        socket.once('data', () =>
          socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"resourceType":'),
        ),
      ),
    );
    for (const url of [resets, breaksOff]) {
      const error = await failure(client(url).request({ method: 'POST', path: '', body: '{}' }));
      expect(error.code).to.equal('fhir-no-answer');
    }
  });

  it('waits for requests under way when stopped, and takes no more', async () => {
    const answers: (() => void)[] = [];
    const base_url = await http((_request, response) => answers.push(() => response.end('late')));
    const stopped = client(base_url);
    const under_way = stopped.request({ method: 'GET', path: 'x' });
    while (answers.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const stop = stopped.stop(2000);
    expect((await failure(stopped.request({ method: 'GET', path: 'y' }))).code).to.equal('fhir-stopped');
    answers[0]?.();
    expect((await under_way).body).to.equal('late');
    await stop;
  });

  it('breaks off requests that outlast the deadline of a stop', async () => {
    let arrived = false;
    const base_url = await http(() => {
      arrived = true;
    });
    const stopped = client(base_url);
    const under_way = failure(stopped.request({ method: 'GET', path: 'x' }));
    while (!arrived) await new Promise((resolve) => setTimeout(resolve, 5));
    await stopped.stop(20);
    expect((await under_way).code).to.equal('fhir-no-answer');
  });
});
