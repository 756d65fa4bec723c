import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { expect } from 'chai';
import type { Static } from 'typebox';
import { Default } from 'typebox/value';
import type { Attempt, Body, Destination } from '../../src/component.ts';
import { mllp } from '../../src/destinations/mllp.ts';
import { PipehatError } from '../../src/errors.ts';
import { readHeader } from '../../src/hl7/header.ts';
import { createFramer, frame } from '../../src/mllp/framing.ts';
import { delivery, destinationContract, eventually, PLANTED_NAME } from '../contract/destination.ts';
import { type Authority, createAuthority, type Pair } from '../helpers/certificates.ts';
import { destinationContext } from '../helpers/contexts.ts';

const message = (n: number, name = PLANTED_NAME, charset = ''): string =>
  `MSH|^~\\&|PIPEHAT|SITE|LAB|SITE|20260101120000||ADT^A01^ADT_A01|C${n}|P|2.5||||||${charset}\rPID|1||${n}||${name}\r`;

const hl7 = (text: string): Body => ({ kind: 'hl7', text });

const ack = (code: string, control_id: string): Buffer =>
  frame(
    Buffer.from(`MSH|^~\\&|LAB||PIPEHAT||20260101||ACK|1|P|2.5\rMSA|${code}|${control_id}|${PLANTED_NAME}\r`),
  );

/** An HL7 system of its own, which answers each message as told, in clear or over TLS. */
async function createReceiver(answer: (control_id: string) => Buffer | undefined, tls?: TlsOptions) {
  const open = new Set<Socket>();
  const received: Buffer[] = [];
  const serve = (socket: Socket): void => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    const framer = createFramer({ max_bytes: 1_000_000 });
    socket.on('data', (chunk) => {
      for (const event of framer.push(chunk as Buffer)) {
        if (event.kind !== 'frame') continue;
        received.push(event.bytes);
        const bytes = answer(readHeader(event.bytes).control_id);
        if (bytes !== undefined) socket.write(bytes);
      }
    });
  };
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    for (const socket of open) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  const reopen = async (): Promise<void> => {
    if (!server.listening) await once(server.listen(port, '127.0.0.1'), 'listening');
  };
  return { port, open, received, close, reopen };
}

const options = (port: number): Static<typeof mllp.options> => ({
  host: '127.0.0.1',
  port,
  connections: 4,
  connect_timeout_ms: 1000,
  answer_timeout_ms: 100,
  unrepresentable: 'reject',
  answers: { AE: 'reject', AR: 'reject', CE: 'reject', CR: 'reject' },
  wait_for: 'accept',
  keep_alive_ms: 0,
  idle_timeout_ms: 0,
  probe_after_ms: 60_000,
});

destinationContract('mllp', async (context) => {
  let code: string | undefined = 'AA';
  const taken = new Set<string>();
  const receiver = await createReceiver((control_id) => {
    if (code === 'AA') taken.add(control_id);
    return code === undefined ? undefined : ack(code, control_id);
  });
  return {
    destination: mllp.create(options(receiver.port), context),
    body: (n) => hl7(message(n)),
    async become(mode) {
      code = { accepts: 'AA', refuses: 'AR', silent: undefined, down: undefined }[mode];
      await (mode === 'down' ? receiver.close() : receiver.reopen());
    },
    kept: async () => taken.size,
    connections: async () => receiver.open.size,
    close: receiver.close,
  };
});

describe('destination mllp', () => {
  let answer: (control_id: string) => Buffer | undefined;
  let receiver: Awaited<ReturnType<typeof createReceiver>>;
  let destinations: Destination[];
  let lines: string[];

  beforeEach(async () => {
    destinations = [];
    lines = [];
    answer = (control_id) => ack('AA', control_id);
    receiver = await createReceiver((control_id) => answer(control_id));
  });

  afterEach(async () => {
    for (const destination of destinations) await destination.stop(1000);
    await receiver.close();
  });

  function open(more: Partial<Static<typeof mllp.options>> = {}): Destination {
    const chosen = { ...options(receiver.port), ...more };
    const destination = mllp.create(chosen, destinationContext(lines));
    destinations.push(destination);
    return destination;
  }

  async function send(text: string, more: Partial<Static<typeof mllp.options>> = {}): Promise<Attempt> {
    return open(more).deliver(delivery(1, hl7(text)));
  }

  for (const code of ['AA', 'CA']) {
    it(`takes ${code} as accepted, and keeps the connection`, async () => {
      answer = (control_id) => ack(code, control_id);
      const made = await send(message(1));
      expect(made).to.include({ outcome: 'accepted', status: code, request: message(1) });
      expect(made.code).to.equal(undefined);
      expect(made.response).to.include(`MSA|${code}|C1`);
      expect(receiver.open.size).to.equal(1);
    });
  }

  for (const code of ['AE', 'AR', 'CE', 'CR'] as const) {
    for (const [meaning, outcome, error] of [
      ['reject', 'permanent', 'mllp-refused'],
      ['retry', 'transient', 'mllp-refused-for-now'],
    ] as const) {
      it(`takes ${code} as ${outcome} where it means ${meaning}, and keeps the connection`, async () => {
        answer = (control_id) => ack(code, control_id);
        // The others mean the opposite: none is taken for another.
        const other = meaning === 'reject' ? 'retry' : 'reject';
        const answers = { AE: other, AR: other, CE: other, CR: other, [code]: meaning } as const;
        const made = await send(message(1), { answers });
        expect(made).to.include({ outcome, status: code, request: message(1), code: error });
        expect(made.response).to.include(`MSA|${code}|C1`);
        expect(receiver.open.size).to.equal(1);
      });
    }
  }

  it('rejects by default, and says nothing of that in the file', () => {
    const chosen = Default(mllp.options, { host: 'lab', port: 1 }) as Static<typeof mllp.options>;
    expect(chosen.answers).to.deep.equal({ AE: 'reject', AR: 'reject', CE: 'reject', CR: 'reject' });
    expect(chosen).to.include({ wait_for: 'accept', keep_alive_ms: 0, idle_timeout_ms: 0 });
  });

  describe('of a receiver in enhanced mode', () => {
    const both = (first: string, then: string) => (control_id: string) =>
      Buffer.concat([ack(first, control_id), ack(then, control_id)]);

    it('waits for what its application says, and keeps both answers', async () => {
      answer = both('CA', 'AA');
      const made = await send(message(1), { wait_for: 'application' });
      expect(made).to.include({ outcome: 'accepted', status: 'AA' });
      expect(made.response).to.include('MSA|CA|C1').and.include('MSA|AA|C1');
      answer = both('CA', 'AE');
      expect(await send(message(1), { wait_for: 'application' })).to.include({
        outcome: 'permanent',
        status: 'AE',
      });
    });

    it('is done with what is no CA', async () => {
      for (const code of ['AA', 'CE']) {
        answer = (control_id) => ack(code, control_id);
        expect((await send(message(1), { wait_for: 'application' })).status).to.equal(code);
      }
    });

    it('is ambiguous where its application says nothing', async () => {
      answer = (control_id) => ack('CA', control_id);
      const made = await send(message(1), { wait_for: 'application' });
      expect(made).to.include({ outcome: 'ambiguous', code: 'mllp-no-answer' });
      expect(made.response).to.include('MSA|CA|C1');
    });

    it('applies no answer of its application that was not waited for, to anything', async () => {
      answer = both('CA', 'AE');
      const destination = open({ connections: 1 });
      expect(await destination.deliver(delivery(1, hl7(message(1))))).to.include({
        outcome: 'accepted',
        status: 'CA',
      });
      answer = (control_id) => ack('AA', control_id);
      expect(await destination.deliver(delivery(2, hl7(message(2))))).to.include({
        outcome: 'accepted',
        status: 'AA',
      });
      expect(lines.join()).to.include('not asked for').and.not.include(PLANTED_NAME);
    });
  });

  describe('over TLS', () => {
    let authority: Authority;
    let server: Pair;

    before(async () => {
      authority = await createAuthority();
      server = await authority.issue({ name: 'lab.example.org', dns: ['127.0.0.1', 'lab.example.org'] });
    });

    const tls = (more: object = {}) => ({ ca: authority.ca, min_version: 'TLSv1.2', ...more }) as const;

    /** A receiver that speaks TLS, and how a message to it fares. */
    async function sendSecurely(more: object, to: TlsOptions = {}): Promise<Attempt> {
      const secured = await createReceiver((control_id) => ack('AA', control_id), { ...server, ...to });
      try {
        const made = await send(message(1), { port: secured.port, tls: tls(more) });
        expect(secured.received).to.have.length(made.outcome === 'accepted' ? 1 : 0);
        return made;
      } finally {
        await secured.close();
      }
    }

    it('sends to a receiver that it can trust', async () => {
      expect(await sendSecurely({})).to.include({ outcome: 'accepted', status: 'AA' });
      expect(await sendSecurely({ servername: 'lab.example.org' })).to.include({ outcome: 'accepted' });
    });

    it('sends nothing to one that it can not trust, or that is another', async () => {
      const stranger = await createAuthority('Another');
      for (const more of [{ ca: stranger.ca }, { ca: undefined }, { servername: 'his.example.org' }]) {
        expect(await sendSecurely(more)).to.include({ outcome: 'transient', code: 'tls-handshake-failed' });
      }
      const expired = await authority.issue({ name: 'lab', dns: ['127.0.0.1'], days: -2 });
      expect(await sendSecurely({}, expired)).to.include({
        outcome: 'transient',
        code: 'tls-handshake-failed',
      });
    });

    it('sends nothing over too old a version, or in clear', async () => {
      const old = { maxVersion: 'TLSv1.2' } as const;
      expect(await sendSecurely({ min_version: 'TLSv1.3' }, old)).to.include({
        code: 'tls-handshake-failed',
      });
      expect(await send(message(1), { tls: tls() })).to.include({ code: 'tls-handshake-failed' });
      expect(receiver.received).to.deep.equal([]);
    });

    it('can not be talked out of verifying by the environment', async () => {
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
      try {
        const { ca } = await createAuthority('Another');
        expect(await sendSecurely({ ca })).to.include({ code: 'tls-handshake-failed' });
      } finally {
        delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      }
    });

    it('shows its own certificate where it is asked for', async () => {
      const mutual = { requestCert: true, rejectUnauthorized: true, ca: authority.ca };
      expect(await sendSecurely(await authority.issue({ name: 'engine' }), mutual)).to.include({
        outcome: 'accepted',
      });
      const without = await sendSecurely({}, mutual);
      expect(without.outcome).to.be.oneOf(['transient', 'ambiguous']);
    });

    it('says what is wrong with its own certificate before anything is sent', async () => {
      const [one, other] = [await authority.issue({ name: 'a' }), await authority.issue({ name: 'b' })];
      expect(() => open({ tls: tls({ cert: one.cert, key: other.key }) }))
        .to.throw(PipehatError)
        .with.property('code', 'tls-certificate-wrong');
    });
  });

  it('sends the bytes of the message as they are', async () => {
    await send(message(1));
    expect(receiver.received.map(String)).to.deep.equal([message(1)]);
  });

  it('is ambiguous where the ACK is for another message, and closes the connection', async () => {
    answer = () => ack('AA', 'C0');
    const made = await send(message(1));
    expect(made).to.include({ outcome: 'ambiguous', code: 'mllp-wrong-answer' });
    expect(made.response).to.include('MSA|AA|C0');
    await eventually(() => receiver.open.size === 0);
  });

  for (const [what, bytes] of [
    ['no HL7', 'OK'],
    ['without MSA', 'MSH|^~\\&|LAB\r'],
    ['of an unknown code', 'MSH|^~\\&|LAB\rMSA|OK|C1\r'],
    ['empty', ''],
  ] as const) {
    it(`is ambiguous where the answer is ${what}, and closes the connection`, async () => {
      answer = () => frame(Buffer.from(bytes));
      const made = await send(message(1));
      expect(made).to.include({ outcome: 'ambiguous', code: 'mllp-unreadable-answer', response: bytes });
      await eventually(() => receiver.open.size === 0);
    });
  }

  it('never credits a late ACK to the next message, not even over the same control id', async () => {
    answer = (control_id) => {
      const socket = [...receiver.open][0];
      setTimeout(() => socket?.write(ack('AA', control_id)), 150);
      return undefined;
    };
    const destination = open({ connections: 1 });
    expect((await destination.deliver(delivery(1, hl7(message(1))))).outcome).to.equal('ambiguous');
    answer = (control_id) => ack('AE', control_id);
    expect((await destination.deliver(delivery(2, hl7(message(1))))).status).to.equal('AE');
  });

  it('refuses what is no HL7, before it is sent', async () => {
    expect(await send('hello')).to.include({ outcome: 'permanent', code: 'hl7-no-msh' });
    expect(receiver.received).to.deep.equal([]);
  });

  describe('writes in the character set of MSH-18', () => {
    const name = 'Žofie';

    it('UTF-8, also where none is named', async () => {
      await send(message(1, name));
      await send(message(1, name, 'UNICODE UTF-8'));
      expect(receiver.received.map((bytes) => bytes.includes(Buffer.from(name)))).to.deep.equal([true, true]);
    });

    it('one of one byte a character', async () => {
      await send(message(1, name, '8859/2'));
      expect(receiver.received[0]?.includes(Buffer.from([0xae, ...Buffer.from('ofie')]))).to.equal(true);
    });

    it('or says that the set lacks characters and where, and sends nothing', async () => {
      const made = await send(message(1, name, '8859/5'));
      expect(made).to.include({ outcome: 'permanent', code: 'hl7-charset-unrepresentable' });
      expect(made.says).to.include('8859/5').and.include('PID-5').and.not.include(name);
      expect(await send(message(1, name, 'KLINGON'))).to.include({ code: 'hl7-charset-unknown' });
      expect(receiver.received).to.deep.equal([]);
    });

    it("or in the receiver's own, which MSH-18 then names", async () => {
      const made = await send(message(1, name, 'UNICODE UTF-8'), { charset: ['8859/2'] });
      expect(made).to.include({ outcome: 'accepted', request: message(1, name, '8859/2') });
      expect(receiver.received[0]?.includes(Buffer.from([0xae, ...Buffer.from('ofie')]))).to.equal(true);
    });

    it('or with substitutes, and the attempt says how many and where', async () => {
      const made = await send(message(1, name), { charset: ['ASCII'], unrepresentable: 'replace' });
      expect(made).to.include({ outcome: 'accepted', status: 'AA', request: message(1, 'Zofie', 'ASCII') });
      expect(made.says).to.equal('characters that ASCII lacks were replaced: 1, the first in PID-5');
      expect(receiver.received.map(String)).to.deep.equal([message(1, 'Zofie', 'ASCII')]);
    });

    it('and keeps the answer as its own MSH-18 says, or that of the message where it says nothing', async () => {
      const answered = (charset: string) => (id: string) =>
        frame(Buffer.from(`MSH|^~\\&|LAB|||||||||||||||${charset}\rMSA|AA|${id}|\xae`, 'latin1'));
      for (const charset of ['8859/2', '']) {
        answer = answered(charset);
        expect((await send(message(1, name, '8859/2'))).response).to.include('|Ž');
      }
    });
  });
});
