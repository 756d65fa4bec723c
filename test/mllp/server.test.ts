import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import type { Answer, LaterAnswer } from '../../src/component.ts';
import { PipehatError } from '../../src/errors.ts';
import { createFramer, frame } from '../../src/mllp/framing.ts';
import { createMllpServer, type MllpServerOptions } from '../../src/mllp/server.ts';
import type { Listener } from '../../src/network/listener.ts';
import { createIntakeMemory } from '../../src/network/memory.ts';
import { eventually } from '../contract/destination.ts';
import { mllpServerOptions } from '../helpers/contexts.ts';

/** What a listener of these tests is made with: an answer may be its bytes alone. */
type Listening = Partial<Omit<MllpServerOptions, 'answer'>> & {
  readonly answer?: (bytes: Buffer) => Promise<Buffer | Answer>;
};

function answerWith(answer: Buffer | Answer): Answer {
  return Buffer.isBuffer(answer) ? { bytes: answer, error: undefined } : answer;
}

describe('mllp server', () => {
  const servers: Listener[] = [];
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
  async function listen({ answer, ...more }: Listening = {}): Promise<Listener> {
    const given = {
      answer: async (bytes: Buffer) => answerWith(await (answer?.(bytes) ?? Buffer.from(`ack ${bytes}`))),
      ...{ max_bytes: 1000, max_connections: 10 },
    };
    const server = createMllpServer(mllpServerOptions({ ...given, ...more }, lines));
    servers.push(server);
    await server.start();
    return server;
  }

  /** A raw sender, which stays half-open when the other end closes, and what it got. */
  async function sender(server: Listener) {
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

  it('refuses a message without start block by name, and takes the one after it', async () => {
    const { socket, send, answers } = await sender(await listen());
    socket.write('MSH|1\r\x1c\r');
    await eventually(() => answers.length === 1);
    send('2');
    await eventually(() => answers.length === 2);
    expect(answers).to.deep.equal(['refused unstarted MSH|1', 'ack 2']);
  });

  it('refuses 200 MB in one frame long before they are there', async () => {
    const { socket, answers, hasEnded } = await sender(await listen({ max_bytes: 1_000_000 }));
    socket.write('\x0bMSH|');
    const megabyte = Buffer.alloc(1_000_000, 'x');
    let sent = 0;
    while (answers.length === 0 && sent < 200) {
      sent++;
      if (!socket.write(megabyte)) await new Promise((resolve) => socket.once('drain', resolve));
    }
    expect(answers).to.deep.equal(['refused too-large MSH|x']);
    expect(sent).to.be.lessThan(200);
    await eventually(hasEnded);
  });

  it('refuses a message that does not come to its end, and closes', async () => {
    const { socket, send, answers, hasEnded } = await sender(await listen({ frame_timeout_ms: 50 }));
    send('first');
    socket.write('\x0bMSH|half');
    await eventually(hasEnded);
    expect(answers).to.deep.equal(['ack first', 'refused late MSH|h']);
  });

  it('gives a message without any block its answer in the end', async () => {
    const { socket, answers, hasEnded } = await sender(await listen({ frame_timeout_ms: 50 }));
    socket.write('MSH|1\rPID|1\r');
    await eventually(hasEnded);
    expect(answers).to.deep.equal(['refused unstarted MSH|1']);
  });

  it('counts keep-alives, and answers none', async () => {
    let alive = 0;
    const keepAlive = () => {
      alive++;
    };
    const { socket, send, answers } = await sender(await listen({ keepAlive }));
    for (const [n, bytes] of ['\x0b\x1c\r', '\r\n\0', '\x0b\r\x1c\r', '\r'].entries()) {
      socket.write(bytes);
      await eventually(() => alive === n + 1);
    }
    send('1');
    await eventually(() => answers.length === 1);
    expect(answers).to.deep.equal(['ack 1']);
    expect(alive).to.equal(4);
    expect(lines).to.deep.equal([]);
  });

  describe('when memory is used up', () => {
    it('stops reading, drops nothing, and goes on once answers went out', async () => {
      const memory = createIntakeMemory(100_000);
      const held: (() => void)[] = [];
      const answer = (bytes: Buffer) =>
        new Promise<Buffer>((resolve) => held.push(() => resolve(bytes.subarray(0, 4))));
      // What waits for memory is not late: it is not read.
      const server = await listen({ memory, answer, max_bytes: 100_000, frame_timeout_ms: 100 });
      const many = await Promise.all(Array.from({ length: 8 }, () => sender(server)));
      for (const [n, { send }] of many.entries())
        for (let i = 0; i < 20; i++) send(`${n} ${String(i).padStart(2, '0')}`.padEnd(30_000, 'x'));
      await eventually(() => memory.used_bytes >= 100_000);
      await new Promise((resolve) => setTimeout(resolve, 300));
      // Beyond the limit, one read of each connection, and the rest of a message of one.
      expect(memory.used_bytes).to.be.lessThan(100_000 + 9 * 65_536 + 30_000);
      await eventually(() => {
        for (const release of held.splice(0)) release();
        return many.every(({ answers }) => answers.length === 20);
      });
      for (const [n, { answers }] of many.entries())
        expect(answers).to.deep.equal(
          Array.from({ length: 20 }, (_, i) => `${n} ${String(i).padStart(2, '0')}`),
        );
      await eventually(() => memory.used_bytes === 0);
    });

    it('does not hold it against who sends that we do not read', async () => {
      const memory = createIntakeMemory(1000);
      let release: () => unknown = () => undefined;
      const answer = (bytes: Buffer) =>
        bytes.length < 2000
          ? Promise.resolve(Buffer.from('second'))
          : new Promise<Buffer>((resolve) => {
              release = () => resolve(Buffer.from('first'));
            });
      const server = await listen({ memory, answer, max_bytes: 10_000, frame_timeout_ms: 50 });
      const [first, second] = [await sender(server), await sender(server)];
      first.send('x'.repeat(2000));
      await eventually(() => memory.used_bytes >= 2000);
      second.socket.write('\x0bMSH|');
      await eventually(() => memory.used_bytes > 2000);
      second.socket.write('1\r\x1c\r');
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(second.answers).to.deep.equal([]);
      release();
      await eventually(() => second.answers.length === 1);
      expect([...first.answers, ...second.answers]).to.deep.equal(['first', 'second']);
    });

    it('lets messages through that are larger than all of it, one after another', async () => {
      const memory = createIntakeMemory(10_000);
      const answer = async (bytes: Buffer) => Buffer.from(String(bytes.length));
      const server = await listen({ memory, answer, max_bytes: 2_000_000 });
      const many = await Promise.all(Array.from({ length: 4 }, () => sender(server)));
      for (const { send } of many) send('x'.repeat(1_000_000));
      await eventually(() => many.every(({ answers }) => answers.length === 1));
      expect(many.flatMap(({ answers }) => answers)).to.deep.equal(Array(4).fill('1000000'));
    });

    it('gives back what a connection held that broke off', async () => {
      const memory = createIntakeMemory(10_000);
      const server = await listen({ memory, max_bytes: 1_000_000 });
      const [first, second] = [await sender(server), await sender(server)];
      first.socket.write(`\x0b${'x'.repeat(200_000)}`);
      await eventually(() => memory.used_bytes >= 10_000);
      second.send('y'.repeat(200_000));
      await eventually(() => memory.used_bytes > 200_000);
      expect(second.answers).to.deep.equal([]);
      first.socket.resetAndDestroy();
      await eventually(() => second.answers.length === 1);
      await eventually(() => memory.used_bytes === 0);
    });
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
