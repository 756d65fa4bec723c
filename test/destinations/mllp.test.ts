import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import type { Static } from 'typebox';
import type { Attempt, Body, Destination } from '../../src/component.ts';
import { mllp } from '../../src/destinations/mllp.ts';
import { readHeader } from '../../src/hl7/header.ts';
import { createFramer, frame } from '../../src/mllp/framing.ts';
import { delivery, destinationContract, eventually, PLANTED_NAME } from '../contract/destination.ts';
import { destinationContext } from '../helpers/contexts.ts';

const message = (n: number, name = PLANTED_NAME, charset = ''): string =>
  `MSH|^~\\&|PIPEHAT|SITE|LAB|SITE|20260101120000||ADT^A01^ADT_A01|C${n}|P|2.5||||||${charset}\rPID|1||${n}||${name}\r`;

const hl7 = (text: string): Body => ({ kind: 'hl7', text });

const ack = (code: string, control_id: string): Buffer =>
  frame(
    Buffer.from(`MSH|^~\\&|LAB||PIPEHAT||20260101||ACK|1|P|2.5\rMSA|${code}|${control_id}|${PLANTED_NAME}\r`),
  );

/** An HL7 system of its own, which answers each message as told. */
async function createReceiver(answer: (control_id: string) => Buffer | undefined) {
  const open = new Set<Socket>();
  const received: Buffer[] = [];
  const server = createServer((socket) => {
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
  });
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
  on_ae: 'reject',
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

  beforeEach(async () => {
    destinations = [];
    answer = (control_id) => ack('AA', control_id);
    receiver = await createReceiver((control_id) => answer(control_id));
  });

  afterEach(async () => {
    for (const destination of destinations) await destination.stop(1000);
    await receiver.close();
  });

  function open(more: Partial<Static<typeof mllp.options>> = {}): Destination {
    const chosen = { ...options(receiver.port), ...more };
    const destination = mllp.create(chosen, destinationContext());
    destinations.push(destination);
    return destination;
  }

  async function send(text: string, more: Partial<Static<typeof mllp.options>> = {}): Promise<Attempt> {
    return open(more).deliver(delivery(1, hl7(text)));
  }

  const cases: [code: string, on_ae: 'reject' | 'retry', outcome: Attempt['outcome'], error?: string][] = [
    ['AA', 'reject', 'accepted'],
    ['CA', 'reject', 'accepted'],
    ['AE', 'reject', 'permanent', 'mllp-refused'],
    ['CE', 'reject', 'permanent', 'mllp-refused'],
    ['AE', 'retry', 'transient', 'mllp-refused-for-now'],
    ['CE', 'retry', 'transient', 'mllp-refused-for-now'],
    ['AR', 'reject', 'permanent', 'mllp-refused'],
    ['AR', 'retry', 'permanent', 'mllp-refused'],
    ['CR', 'retry', 'permanent', 'mllp-refused'],
  ];
  for (const [code, on_ae, outcome, error] of cases) {
    it(`takes ${code} as ${outcome} (on_ae: ${on_ae}), and keeps the connection`, async () => {
      answer = (control_id) => ack(code, control_id);
      const made = await send(message(1), { on_ae });
      expect(made).to.include({ outcome, status: code, request: message(1) });
      expect(made.code).to.equal(error);
      expect(made.response).to.include(`MSA|${code}|C1`);
      expect(receiver.open.size).to.equal(1);
    });
  }

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
