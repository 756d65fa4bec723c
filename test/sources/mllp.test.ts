import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import Client, { Message as PeerMessage } from 'node-hl7-client';
import { Default } from 'typebox/value';
import type { Accept, Connection, Source } from '../../src/component.ts';
import { buildAck, readAck } from '../../src/hl7/ack.ts';
import { readHeader } from '../../src/hl7/header.ts';
import { createFramer } from '../../src/mllp/framing.ts';
import { mllp } from '../../src/sources/mllp.ts';
import { eventually, PLANTED_NAME } from '../contract/destination.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { sourceContext } from '../helpers/contexts.ts';

const message = (n: number, rest = ''): string =>
  `MSH|^~\\&|HIS|GHH|PIPEHAT|GHH|20260101120000||ADT^A01^ADT_A01|C${n}|P|2.5\rPID|1||${n}||${PLANTED_NAME}${rest}\r`;

describe('source mllp', () => {
  let sources: Source[];
  let lines: string[];
  let accepted: { text: string; from: Connection }[];

  beforeEach(() => {
    sources = [];
    lines = [];
    accepted = [];
  });

  afterEach(async () => {
    for (const source of sources) await source.stop(1000);
    expect(lines.join()).not.to.include(PLANTED_NAME);
  });

  const accept: Accept = async (bytes, from) => {
    accepted.push({ text: Buffer.from(bytes).toString(), from });
    const text = buildAck({ header: readHeader(bytes), code: 'AA', control_id: '1', time: '20260101' });
    return { bytes: Buffer.from(text), error: undefined };
  };

  async function listen(max_bytes = 10_000, more: object = {}): Promise<{ source: Source; port: number }> {
    const chosen = { ...(Default(mllp.options, { port: 0, ...more }) as { port: number }), max_bytes };
    const source = mllp.create(chosen as Parameters<typeof mllp.create>[0], sourceContext({ accept }, lines));
    sources.push(source);
    await source.start();
    return { source, port: Number(source.address.split(':').at(-1)) };
  }

  /** Writes bytes, and waits for so many answers. */
  async function exchange(port: number, text: string, count: number): Promise<string[]> {
    const socket = connect(port, '127.0.0.1');
    const framer = createFramer({ max_bytes: 100_000 });
    const answers: string[] = [];
    socket.on('data', (chunk) => {
      for (const event of framer.push(chunk as Buffer))
        if (event.kind === 'frame') answers.push(String(event.bytes));
    });
    await once(socket, 'connect');
    socket.write(text);
    await eventually(() => answers.length === count);
    socket.destroy();
    return answers;
  }

  it('hands over the bytes as they came, with where they came from, and answers with what it is given', async () => {
    const { source, port } = await listen();
    const [answer] = await exchange(port, `\x0b${message(1)}\x1c\r`, 1);
    expect(readAck(answer!)).to.include({ code: 'AA', control_id: 'C1' });
    expect(accepted.map(({ text }) => text)).to.deep.equal([message(1)]);
    expect(accepted[0]?.from).to.include({ protocol: 'mllp', local: source.address, connection: 1 });
    expect(accepted[0]?.from.remote).to.match(/^127\.0\.0\.1:\d+$/);
  });

  it('takes the messages of a batch, and answers with the batch of their answers', async () => {
    const { port } = await listen();
    const batch = `BHS|^~\\&|HIS||||||||B1\r${message(1)}${message(2)}BTS|2\r`;
    const answers = await exchange(port, `\x0b${batch}\x1c\r\x0b${batch.replace('BTS|2', 'BTS|3')}\x1c\r`, 2);
    expect(accepted.map(({ text }) => text)).to.deep.equal([message(1), message(2)]);
    expect(answers[0])
      .to.match(/^BHS\|.*\|B1\r/)
      .and.match(/\rMSA\|AA\|C1\r.*\rMSA\|AA\|C2\rBTS\|2\r$/s);
    expect(readAck(answers[1]!)).to.include({ code: 'AR' });
  });

  it('answers AR to a message that is too large, and says how large one may be', async () => {
    const { port } = await listen(200);
    const [answer] = await exchange(port, `\x0b${message(7, 'x'.repeat(300))}`, 1);
    const ack = readAck(answer!);
    expect(ack).to.include({ code: 'AR', control_id: 'C7' });
    expect(ack.errors[0]?.says).to.include('200 bytes');
    expect(answer).not.to.include(PLANTED_NAME);
    expect(readHeader(Buffer.from(answer!)).receiving_application).to.equal('HIS');
  });

  it('answers AE to a message without end block, and takes the next', async () => {
    const { port } = await listen();
    const answers = await exchange(port, `\x0b${message(1)}\x0b${message(2)}\x1c\r`, 2);
    expect(answers.map((answer) => readAck(answer).code)).to.deep.equal(['AE', 'AA']);
    expect(answers.map((answer) => readAck(answer).control_id)).to.deep.equal(['C1', 'C2']);
    expect(accepted.map(({ text }) => text)).to.deep.equal([message(2)]);
  });

  it('answers AR to a message without start block, and says what is missing', async () => {
    const { port } = await listen();
    const answers = await exchange(port, `${message(1)}\x1c\r\x0b${message(2)}\x1c\r`, 2);
    const ack = readAck(answers[0]!);
    expect(ack).to.include({ code: 'AR', control_id: 'C1' });
    expect(ack.errors[0]?.says).to.include('start block 0B');
    expect(readAck(answers[1]!)).to.include({ code: 'AA', control_id: 'C2' });
  });

  it('answers AE to a message that never ends', async () => {
    const { port } = await listen(10_000, { frame_timeout_ms: 50 });
    const [answer] = await exchange(port, `\x0b${message(1)}`, 1);
    expect(readAck(answer!)).to.include({ code: 'AE', control_id: 'C1' });
    expect(readAck(answer!).errors[0]?.says).to.include('50 ms');
  });

  it('hands what it refuses to the engine, with its beginning', async () => {
    const refused: string[] = [];
    const chosen = { ...(Default(mllp.options, { port: 0 }) as { port: number }), max_bytes: 200 };
    const context = sourceContext({
      accept,
      refuse: async (error, head, from) => {
        refused.push(`${from.protocol} ${error.code} ${readHeader(head).control_id}`);
        return { bytes: Buffer.from('kept'), error };
      },
    });
    const source = mllp.create(chosen as Parameters<typeof mllp.create>[0], context);
    sources.push(source);
    await source.start();
    const port = Number(source.address.split(':').at(-1));
    const text = `${message(1)}\x1c\r\x0b${message(2)}\x0b${message(3, 'x'.repeat(200))}`;
    expect(await exchange(port, text, 3)).to.deep.equal(['kept', 'kept', 'kept']);
    expect(refused).to.deep.equal([
      'mllp mllp-frame-unstarted C1',
      'mllp mllp-frame-unfinished C2',
      'mllp mllp-frame-too-large C3',
    ]);
  });

  it('speaks mutual TLS', async () => {
    const authority = await createAuthority();
    const server = await authority.issue({ name: 'engine', dns: ['127.0.0.1'] });
    const tls = { ...server, ca: authority.ca, allow_certificates: ['his.example.org'] };
    const { port } = await listen(10_000, { tls });
    const pair = await authority.issue({ name: 'his.example.org' });
    const socket = connectTls({ host: '127.0.0.1', port, ca: authority.ca, ...pair });
    const framer = createFramer({ max_bytes: 100_000 });
    const answers: string[] = [];
    socket.on('data', (chunk) => {
      for (const event of framer.push(chunk as Buffer))
        if (event.kind === 'frame') answers.push(String(event.bytes));
    });
    for (let n = 1; n <= 3; n++) socket.write(`\x0b${message(n, 'x'.repeat(8000))}\x1c\r`);
    await eventually(() => answers.length === 3);
    socket.destroy();
    expect(answers.map((answer) => readAck(answer).control_id)).to.deep.equal(['C1', 'C2', 'C3']);
  });

  it('answers AR to a flood that is no HL7 at all', async () => {
    const { port } = await listen(200);
    const [answer] = await exchange(port, `\x0b${'x'.repeat(300)}`, 1);
    expect(readAck(answer!)).to.include({ code: 'AR', control_id: '' });
  });

  it('claims its port, unless any will do', () => {
    const chosen = Default(mllp.options, { port: 2575 }) as Parameters<typeof mllp.resources>[0];
    expect(chosen).to.deep.equal({
      port: 2575,
      host: '127.0.0.1',
      max_connections: 256,
      probe_after_ms: 60_000,
      max_bytes: 67_108_864,
      frame_timeout_ms: 60_000,
      idle_timeout_ms: 0,
    });
    expect(mllp.resources(chosen)).to.deep.equal(['tcp:2575']);
    expect(mllp.resources({ ...chosen, port: 0 })).to.deep.equal([]);
  });

  it('understands an independent sender, and is understood', async () => {
    const { port } = await listen();
    const client = new Client({ host: '127.0.0.1', version: '2.5' });
    const codes: string[] = [];
    const connection = client.createConnection({ port, version: '2.5' }, async (response) => {
      codes.push(response.getMessage().get('MSA.1').toString());
    });
    await once(connection, 'connect');
    for (let n = 1; n <= 20; n++) {
      await connection.sendMessage(new PeerMessage({ text: message(n) }));
      await eventually(() => codes.length === n);
    }
    await connection.close();
    client.closeAll();
    expect(codes).to.deep.equal(Array.from({ length: 20 }, () => 'AA'));
    expect(accepted.map(({ text }) => readHeader(Buffer.from(text)).control_id)).to.deep.equal(
      Array.from({ length: 20 }, (_, i) => `C${i + 1}`),
    );
  });
});
