import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import type { Answer, LaterAnswer } from '../../src/component.ts';
import { PipehatError } from '../../src/errors.ts';
import { createFramer, frame } from '../../src/mllp/framing.ts';
import { createMllpServer, type MllpServer, type MllpServerOptions } from '../../src/mllp/server.ts';
import { capturingLog, eventually } from '../contract/destination.ts';

/** What a listener of these tests is made with: an answer may be its bytes alone. */
type Listening = Partial<Omit<MllpServerOptions, 'answer'>> & {
  readonly answer?: (bytes: Buffer) => Promise<Buffer | Answer>;
};

function answerWith(answer: Buffer | Answer): Answer {
  return Buffer.isBuffer(answer) ? { bytes: answer, error: undefined } : answer;
}

describe('mllp server', () => {
  const servers: MllpServer[] = [];
  const senders: Socket[] = [];
  let lines: string[];

  beforeEach(() => {
    lines = [];
  });

  afterEach(async () => {
    for (const sender of senders.splice(0)) sender.destroy();
    await Promise.all(servers.splice(0).map((server) => server.stop(1000)));
  });

  /** A listener that answers `text` with `ack text`, or as `answer` and `more` say. */
  async function listen({ answer, ...more }: Listening = {}): Promise<MllpServer> {
    const server = createMllpServer({
      host: '127.0.0.1',
      port: 0,
      max_bytes: 1000,
      max_connections: 10,
      idle_timeout_ms: 0,
      answer: async (bytes) => answerWith(await (answer?.(bytes) ?? Buffer.from(`ack ${bytes}`))),
      refuse: async (reason, head) => answerWith(Buffer.from(`refused ${reason} ${head.subarray(0, 5)}`)),
      log: capturingLog(lines),
      connections: () => undefined,
      ...more,
    });
    servers.push(server);
    await server.start();
    return server;
  }

  /** A raw sender, which stays half-open when the other end closes, and what it got. */
  async function sender(server: MllpServer) {
    const socket = connect({
      port: Number(server.address.split(':').at(-1)),
      host: '127.0.0.1',
      allowHalfOpen: true,
    });
    senders.push(socket);
    const framer = createFramer({ max_bytes: 1_000_000 });
    const answers: string[] = [];
    let ended = false;
    socket.on('data', (chunk) => {
      for (const event of framer.push(chunk as Buffer))
        if ('bytes' in event) answers.push(event.bytes.toString());
    });
    socket.on('end', () => {
      ended = true;
    });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    const hasEnded = () => ended || socket.destroyed;
    return { socket, answers, hasEnded, send: (text: string) => socket.write(frame(Buffer.from(text))) };
  }

  it('answers many frames in one read, and one frame in many reads', async () => {
    const { socket, answers } = await sender(await listen());
    socket.write(Buffer.concat(['1', '2', '3'].map((text) => frame(Buffer.from(text)))));
    await eventually(() => answers.length === 3);
    for (const byte of frame(Buffer.from('slow'))) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => answers.length === 4);
    expect(answers).to.deep.equal(['ack 1', 'ack 2', 'ack 3', 'ack slow']);
  });

  it('hands frames over as they come, and answers in their order', async () => {
    const underWay = new Map<string, (answer: Buffer) => void>();
    const answer = (bytes: Buffer) =>
      new Promise<Buffer>((resolve) => underWay.set(bytes.toString(), resolve));
    const { send, answers } = await sender(await listen({ answer }));
    for (const text of ['1', '2', '3']) send(text);
    await eventually(() => underWay.size === 3);
    underWay.get('3')!(Buffer.from('third'));
    underWay.get('2')!(Buffer.from('second'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(answers).to.deep.equal([]);
    underWay.get('1')!(Buffer.from('first'));
    await eventually(() => answers.length === 3);
    expect(answers).to.deep.equal(['first', 'second', 'third']);
  });

  it('stops reading while too much is unanswered, and loses nothing', async () => {
    const held: (() => void)[] = [];
    const answer = (bytes: Buffer) =>
      new Promise<Buffer>((resolve) => held.push(() => resolve(Buffer.from(bytes.subarray(0, 6)))));
    const { send, answers } = await sender(await listen({ answer, max_bytes: 100_000 }));
    const texts = Array.from({ length: 600 }, (_, i) => String(i).padStart(6, '0'));
    for (const text of texts) send(text.padEnd(50_000, 'x'));
    await eventually(() => held.length > 100);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(held.length).to.be.lessThan(200);
    await eventually(() => {
      for (const release of held.splice(0)) release();
      return answers.length === texts.length;
    });
    expect(answers).to.deep.equal(texts);
  });

  it('stops reading while the sender does not read its answers', async () => {
    let taken = 0;
    const answer = async () => {
      taken++;
      return Buffer.alloc(100_000, 'a');
    };
    const { socket, send, answers } = await sender(await listen({ answer }));
    socket.pause();
    for (let i = 0; i < 2000; i++) send('x'.repeat(900));
    let before = -1;
    await eventually(async () => {
      before = taken;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return taken > 0 && taken === before;
    });
    expect(taken).to.be.lessThan(1000);
    socket.resume();
    await eventually(() => answers.length === 2000);
  });

  it('answers what is under way when the sender has closed its half, then closes', async () => {
    let release: () => unknown = () => undefined;
    const answer = (bytes: Buffer) =>
      new Promise<Buffer>((resolve) => {
        release = () => resolve(bytes);
      });
    const { socket, answers, hasEnded } = await sender(await listen({ answer }));
    socket.end(frame(Buffer.from('last')));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(hasEnded()).to.equal(false);
    release();
    await eventually(hasEnded);
    expect(answers).to.deep.equal(['last']);
  });

  it('refuses a frame that is too large before it ends, in its turn, and closes', async () => {
    const { socket, send, answers, hasEnded } = await sender(await listen());
    send('first');
    socket.write(`\x0bMSH|^${'x'.repeat(100_000)}`);
    await eventually(hasEnded);
    expect(answers).to.deep.equal(['ack first', 'refused too-large MSH|^']);
    expect(lines.join()).to.include('too-large');
  });

  it('refuses a frame without end block, and takes the one after it', async () => {
    const { socket, answers } = await sender(await listen());
    socket.write('\x0bMSH|1\r\x0bMSH|2\r\x1c\r');
    await eventually(() => answers.length === 2);
    expect(answers).to.deep.equal(['refused unfinished MSH|1', 'ack MSH|2\r']);
  });

  it('drops bytes outside of blocks, and says so once', async () => {
    const { socket, send, answers } = await sender(await listen());
    socket.write('\r\n\r\n');
    send('1');
    await eventually(() => answers.length === 1);
    expect(lines).to.deep.equal([]);
    socket.write('GET / HTTP/1.1\r\n');
    send('2');
    socket.write('Host: a\r\n');
    send('3');
    await eventually(() => answers.length === 3);
    expect(lines.filter((line) => line.includes('outside of MLLP blocks'))).to.have.length(1);
    expect(lines.join()).not.to.include('HTTP');
  });

  it('gives no answer rather than a wrong one', async () => {
    const answer = async () => {
      throw new Error('lost');
    };
    const { send, answers, hasEnded } = await sender(await listen({ answer }));
    send('1');
    await eventually(hasEnded);
    expect(answers).to.deep.equal([]);
    expect(lines.join()).not.to.include('lost');
  });

  it('sends nothing where nothing is to be said, and goes on', async () => {
    const answer = async (bytes: Buffer) =>
      bytes.toString() === 'quiet' ? { bytes: undefined, error: undefined } : bytes;
    const { send, answers, hasEnded } = await sender(await listen({ answer }));
    for (let n = 0; n < 300; n++) send('quiet');
    send('1');
    await eventually(() => answers.length === 1);
    expect(answers).to.deep.equal(['1']);
    expect(hasEnded()).to.equal(false);
  });

  /** An answer with a second one, which comes when `ready` is resolved; `out` notes what became of it. */
  function twice(first: Buffer | undefined) {
    const { promise: ready, resolve } = Promise.withResolvers<Buffer | undefined>();
    const out: boolean[] = [];
    const later: LaterAnswer = { ready, sent: (went) => out.push(went) };
    return { answer: { bytes: first, error: undefined, later }, resolve, out };
  }

  it('sends a second answer when it is there, after the first, and holds up no other message for it', async () => {
    const slow = twice(Buffer.from('first'));
    const blocked = Promise.withResolvers<Buffer>();
    const given: Record<string, Promise<Buffer | Answer>> = {
      0: blocked.promise,
      1: Promise.resolve(slow.answer),
    };
    const answer = (bytes: Buffer) => given[bytes.toString()] ?? Promise.resolve(bytes);
    const { send, answers } = await sender(await listen({ answer, idle_timeout_ms: 100 }));
    send('0');
    send('1');
    slow.resolve(Buffer.from('second'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(answers).to.deep.equal([]);
    blocked.resolve(Buffer.from('0'));
    await eventually(() => answers.length === 3);
    expect(answers).to.deep.equal(['0', 'first', 'second']);
    expect(slow.out).to.deep.equal([true]);
  });

  it('keeps a connection for the answer that is owed, though it is idle, and then its sender has closed his half', async () => {
    const owed = twice(undefined);
    const answer = async (bytes: Buffer) => (bytes.toString() === '1' ? owed.answer : bytes);
    const { socket, send, answers, hasEnded } = await sender(await listen({ answer, idle_timeout_ms: 50 }));
    send('1');
    await new Promise((resolve) => setTimeout(resolve, 150));
    send('2');
    await eventually(() => answers.length === 1);
    socket.end();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(hasEnded()).to.equal(false);
    owed.resolve(Buffer.from('second'));
    await eventually(hasEnded);
    expect(answers).to.deep.equal(['2', 'second']);
    expect(owed.out).to.deep.equal([true]);
  });

  it('says that a second answer did not go out when the connection is gone', async () => {
    const owed = twice(undefined);
    const { socket, send } = await sender(await listen({ answer: async () => owed.answer }));
    send('1');
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    owed.resolve(Buffer.from('second'));
    await eventually(() => owed.out.length === 1);
    expect(owed.out).to.deep.equal([false]);
  });

  it('closes the connection where it must not answer, after the answers before', async () => {
    const answer = async (bytes: Buffer) =>
      bytes.toString() === '2' ? ({ bytes: undefined, error: undefined, close: true } as const) : bytes;
    const { socket, answers, hasEnded } = await sender(await listen({ answer }));
    socket.write(Buffer.concat(['1', '2', '3'].map((text) => frame(Buffer.from(text)))));
    await eventually(hasEnded);
    expect(answers).to.deep.equal(['1']);
  });

  it('closes idle connections, but none that waits for its answer', async () => {
    const answer = async (bytes: Buffer) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      return bytes;
    };
    const { send, answers, hasEnded } = await sender(await listen({ answer, idle_timeout_ms: 50 }));
    send('1');
    await eventually(hasEnded);
    expect(answers).to.deep.equal(['1']);
  });

  it('takes no more connections than max_connections, and counts them', async () => {
    const counts: number[] = [];
    const server = await listen({ max_connections: 1, connections: (open) => counts.push(open) });
    const first = await sender(server);
    const second = await sender(server);
    await eventually(second.hasEnded);
    first.send('1');
    await eventually(() => first.answers.length === 1);
    first.socket.destroy();
    await eventually(() => counts.length === 2);
    expect(counts).to.deep.equal([1, 0]);
    expect(lines.join()).to.include('max_connections');
  });

  it('stops: answers what is under way, takes nothing new', async () => {
    let release: () => unknown = () => undefined;
    const answer = (bytes: Buffer) =>
      new Promise<Buffer>((resolve) => {
        release = () => resolve(bytes);
      });
    const server = await listen({ answer });
    const { send, answers, hasEnded, socket } = await sender(server);
    send('1');
    socket.write('\x0bhalf');
    await new Promise((resolve) => setTimeout(resolve, 20));
    const stopped = server.stop(5000);
    send('2');
    await new Promise((resolve) => setTimeout(resolve, 20));
    release();
    await stopped;
    await eventually(hasEnded);
    expect(answers).to.deep.equal(['1']);
  });

  it('stops at the deadline, whatever is under way', async () => {
    const server = await listen({ answer: () => new Promise(() => undefined) });
    const { send, answers } = await sender(server);
    send('1');
    await new Promise((resolve) => setTimeout(resolve, 20));
    await server.stop(50);
    expect(answers).to.deep.equal([]);
  });

  it('says which port is in use, or which address is not here', async () => {
    const port = Number((await listen()).address.split(':').at(-1));
    const inUse = await listen({ port }).catch((error: unknown) => error);
    expect(inUse).to.be.instanceOf(PipehatError).with.property('code', 'port-in-use');
    expect(String(inUse)).to.include(String(port));
    const elsewhere = await listen({ host: '192.0.2.1' }).catch((error: unknown) => error);
    expect(elsewhere).to.be.instanceOf(PipehatError).with.property('code', 'port-not-opened');
  });
});
