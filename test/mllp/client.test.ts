import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { PipehatError } from '../../src/errors.ts';
import { createMllpClient, type MllpClientOptions } from '../../src/mllp/client.ts';
import { probe, refusesCertificate } from '../../src/mllp/dial.ts';
import { createFramer, frame } from '../../src/mllp/framing.ts';
import { createMllpPool } from '../../src/mllp/pool.ts';
import { capturingLog, eventually } from '../contract/destination.ts';

type Behaviour = (text: string, socket: Socket) => void;

const echo: Behaviour = (text, socket) => socket.write(frame(Buffer.from(`ack ${text}`)));

describe('mllp client', () => {
  let receiver: Server;
  let behave: Behaviour;
  let open: Set<Socket>;
  let accepted: number;
  let lines: string[];
  let closing: { close(deadline_ms: number): unknown }[];

  beforeEach(async () => {
    behave = echo;
    open = new Set();
    accepted = 0;
    lines = [];
    closing = [];
    receiver = createServer((socket) => {
      accepted++;
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      socket.on('error', () => undefined);
      const framer = createFramer({ max_bytes: 1_000_000 });
      socket.on('data', (chunk) => {
        for (const event of framer.push(chunk as Buffer)) {
          if (event.kind === 'frame') behave(event.bytes.toString(), socket);
        }
      });
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
  });

  afterEach(async () => {
    for (const one of closing) await one.close(0);
    for (const socket of open) socket.destroy();
    receiver.close();
  });

  const options = () => ({
    host: '127.0.0.1',
    port: (receiver.address() as AddressInfo).port,
    connect_timeout_ms: 1000,
    answer_timeout_ms: 100,
    log: capturingLog(lines),
  });

  function client(more: Partial<MllpClientOptions> = {}) {
    const made = createMllpClient({ ...options(), ...more });
    closing.push(made);
    return made;
  }

  function pool(connections: number, answer_timeout_ms = 1000) {
    const made = createMllpPool({ ...options(), connections, answer_timeout_ms, random: Math.random });
    closing.push(made);
    return made;
  }

  async function codeOf(sent: Promise<unknown>): Promise<string> {
    const error = await sent.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(PipehatError);
    return (error as PipehatError).code;
  }

  it('keeps its connection from message to message', async () => {
    const sending = client();
    expect(await sending.send(Buffer.from('1'), String)).to.equal('ack 1');
    expect(await sending.send(Buffer.from('2'), String)).to.equal('ack 2');
    expect(accepted).to.equal(1);
  });

  it('reconnects when the receiver has closed', async () => {
    const sending = client();
    await sending.send(Buffer.from('1'), String);
    for (const socket of open) socket.end();
    await eventually(() => open.size === 0);
    expect(await sending.send(Buffer.from('2'), String)).to.equal('ack 2');
    expect(accepted).to.equal(2);
  });

  it('is transient where it can not connect, and works when the receiver is there', async () => {
    const { port } = options();
    const sending = client();
    receiver.close();
    expect(await codeOf(sending.send(Buffer.from('1'), String))).to.equal('mllp-unreachable');
    receiver.listen(port, '127.0.0.1');
    await once(receiver, 'listening');
    expect(await sending.send(Buffer.from('1'), String)).to.equal('ack 1');
  });

  it('never takes a late answer for that of the next message', async () => {
    let late: Socket | undefined;
    behave = (_, socket) => {
      late = socket;
    };
    const sending = client();
    expect(await codeOf(sending.send(Buffer.from('1'), String))).to.equal('mllp-no-answer');
    late?.write(frame(Buffer.from('ack 1')));
    behave = echo;
    expect(await sending.send(Buffer.from('2'), String)).to.equal('ack 2');
    expect(accepted).to.equal(2);
  });

  it('is ambiguous where the receiver closes or resets after the message', async () => {
    const sending = client();
    behave = (_, socket) => socket.end();
    expect(await codeOf(sending.send(Buffer.from('1'), String))).to.equal('mllp-no-answer');
    behave = (_, socket) => socket.resetAndDestroy();
    expect(await codeOf(sending.send(Buffer.from('1'), String))).to.equal('mllp-no-answer');
  });

  it('waits past junk for the answer, and drops a connection that has more than one', async () => {
    const sending = client();
    behave = (text, socket) => socket.write(`hello\r\n\x0back ${text}\x1c\r\n\x0back 9\x1c\r`);
    expect(await sending.send(Buffer.from('1'), String)).to.equal('ack 1');
    await eventually(() => open.size === 0);
    expect(lines.join()).to.include('not asked for').and.not.include('ack 9');
    behave = echo;
    expect(await sending.send(Buffer.from('2'), String)).to.equal('ack 2');
  });

  it('drops a connection over which something comes unasked, also half of it', async () => {
    for (const unasked of ['\x0back 0\x1c\r', '\x0back', 'junk']) {
      const sending = client();
      await sending.send(Buffer.from('1'), String);
      for (const socket of open) socket.write(unasked);
      await eventually(() => open.size === 0);
      expect(await sending.send(Buffer.from('2'), String)).to.equal('ack 2');
      sending.close();
      await eventually(() => open.size === 0);
    }
  });

  it('bears keep-alives', async () => {
    const sending = client();
    await sending.send(Buffer.from('1'), String);
    for (const socket of open) socket.write('\r\n');
    await sending.send(Buffer.from('2'), String);
    expect(accepted).to.equal(1);
  });

  it('bears an empty frame between messages', async () => {
    const sending = client();
    await sending.send(Buffer.from('1'), String);
    for (const socket of open) socket.write('\x0b\x1c\r');
    await sending.send(Buffer.from('2'), String);
    expect(accepted).to.equal(1);
  });

  it('keeps a connection alive between messages, with white space', async () => {
    const heard: string[] = [];
    receiver.prependListener('connection', (socket: Socket) =>
      socket.on('data', (chunk) => heard.push(String(chunk))),
    );
    const sending = client({ keep_alive_ms: 10 });
    await sending.send(Buffer.from('1'), String);
    await eventually(() => heard.join('').endsWith('\x1c\r\r\r\r'));
    expect(await sending.send(Buffer.from('2'), String)).to.equal('ack 2');
    expect(accepted).to.equal(1);
    sending.close();
    await eventually(() => open.size === 0);
  });

  it('closes a connection that is idle, and opens another for the next message', async () => {
    const sending = client({ idle_timeout_ms: 10 });
    await sending.send(Buffer.from('1'), String);
    await eventually(() => open.size === 0);
    expect(await sending.send(Buffer.from('2'), String)).to.equal('ack 2');
    expect(accepted).to.equal(2);
    expect(lines).to.deep.equal([]);
  });

  it('waits for a further answer where the first is not the last', async () => {
    behave = (text, socket) =>
      socket.write(Buffer.concat(['ca', 'aa'].map((word) => frame(Buffer.from(`${word} ${text}`)))));
    const last = (answer: Buffer) => (answer.toString().startsWith('aa') ? answer.toString() : undefined);
    const sending = client();
    expect(await sending.send(Buffer.from('1'), last)).to.equal('aa 1');
    behave = (text, socket) => socket.write(frame(Buffer.from(`ca ${text}`)));
    expect(await codeOf(sending.send(Buffer.from('2'), last))).to.equal('mllp-no-answer');
    behave = (text, socket) => socket.end(frame(Buffer.from(`ca ${text}`)));
    expect(await codeOf(sending.send(Buffer.from('3'), last))).to.equal('mllp-no-answer');
  });

  it('closes the connection where the answer is not what was asked for', async () => {
    const sending = client();
    const check = () => {
      throw new PipehatError('mllp-wrong-answer');
    };
    expect(await codeOf(sending.send(Buffer.from('1'), check))).to.equal('mllp-wrong-answer');
    await eventually(() => open.size === 0);
    expect(lines.join()).to.include('mllp-wrong-answer').and.not.include('ack 1');
  });

  it('does not send text that would end its own frame', async () => {
    expect(await codeOf(client().send(Buffer.from('a\x1c\rb'), String))).to.equal('mllp-text-not-framable');
    expect(accepted).to.equal(0);
  });

  it('gives no answer to who waits when it is closed, and sends nothing more', async () => {
    behave = () => undefined;
    const sending = client();
    const sent = codeOf(sending.send(Buffer.from('1'), String));
    await eventually(() => open.size === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    sending.close();
    expect(await sent).to.equal('mllp-no-answer');
    expect(await codeOf(sending.send(Buffer.from('2'), String))).to.equal('mllp-unreachable');
    const connecting = client();
    const never = codeOf(connecting.send(Buffer.from('3'), String));
    connecting.close();
    expect(await never).to.equal('mllp-unreachable');
  });

  it('probes without sending', async () => {
    let heard = false;
    behave = () => {
      heard = true;
    };
    await probe(options());
    await eventually(() => accepted === 1 && open.size === 0);
    expect(heard).to.equal(false);
    const gone = options();
    receiver.close();
    expect(await codeOf(probe(gone))).to.equal('mllp-unreachable');
  });

  it('knows by its alert a receiver that refuses our certificate', () => {
    const error = (code: string) => Object.assign(new Error(), { code });
    for (const code of [
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
      'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
    ]) {
      expect(refusesCertificate(error(code)), code).to.equal(true);
    }
    for (const code of [
      'ECONNRESET',
      'ERR_SSL_SSL/TLS_ALERT_INTERNAL_ERROR',
      'ERR_SSL_WRONG_VERSION_NUMBER',
    ]) {
      expect(refusesCertificate(error(code)), code).to.equal(false);
    }
  });

  describe('pool', () => {
    it('sends side by side over so many connections, and never two at once over one', async () => {
      const underWay = new Map<Socket, number>();
      let most = 0;
      behave = (text, socket) => {
        const now = (underWay.get(socket) ?? 0) + 1;
        expect(now).to.equal(1);
        underWay.set(socket, now);
        most = Math.max(most, underWay.size);
        setTimeout(() => {
          underWay.delete(socket);
          echo(text, socket);
        }, 2);
      };
      const sending = pool(3);
      const texts = Array.from({ length: 30 }, (_, i) => String(i));
      const answers = await Promise.all(texts.map((text) => sending.send(Buffer.from(text), String)));
      expect(answers).to.deep.equal(texts.map((text) => `ack ${text}`));
      expect(accepted).to.equal(3);
      expect(most).to.equal(3);
    });

    it('waits for answers when it closes, and sends nothing of what waited', async () => {
      let answer: () => unknown = () => undefined;
      behave = (text, socket) => {
        answer = () => echo(text, socket);
      };
      const sending = pool(1);
      const first = sending.send(Buffer.from('1'), String);
      const second = codeOf(sending.send(Buffer.from('2'), String));
      await eventually(() => open.size === 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const closed = sending.close(5000);
      expect(await second).to.equal('mllp-unreachable');
      answer();
      expect(await first).to.equal('ack 1');
      await closed;
      await eventually(() => open.size === 0);
      expect(await codeOf(sending.send(Buffer.from('3'), String))).to.equal('mllp-unreachable');
    });

    it('does not hammer a receiver that is away, and finds it when it is back', async () => {
      const { port } = options();
      const sending = pool(4);
      receiver.close();
      let failed = 0;
      const send = () =>
        sending.send(Buffer.from('1'), String).catch(() => {
          failed++;
          return undefined;
        });
      for (let i = 0; i < 4; i++) await Promise.all(Array.from({ length: 20 }, send));
      expect(failed).to.equal(80);
      receiver.listen(port, '127.0.0.1');
      await once(receiver, 'listening');
      const answers = await Promise.all(Array.from({ length: 20 }, send));
      expect(answers.every((answer) => answer === 'ack 1')).to.equal(true);
    });

    it('waits no longer than the deadline', async () => {
      behave = () => undefined;
      const sending = pool(1, 60_000);
      const first = codeOf(sending.send(Buffer.from('1'), String));
      await eventually(() => open.size === 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await sending.close(20);
      expect(await first).to.equal('mllp-no-answer');
    });
  });
});
