import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { addSend } from '../../src/commands/send.ts';
import type { Answer } from '../../src/component.ts';
import { buildAck } from '../../src/hl7/ack.ts';
import { readHeader } from '../../src/hl7/header.ts';
import { createMllpServer } from '../../src/mllp/server.ts';
import type { Listener } from '../../src/network/listener.ts';
import { mllpServerOptions } from '../helpers/contexts.ts';
import { folderWith, lines, ROOT, removeFolders, run, runProcess } from './pipehat.ts';

interface Line {
  readonly file: string;
  readonly control_id: string;
  readonly ack: string | null;
  readonly ms: number;
  readonly errors: readonly object[];
  readonly error?: { readonly code: string };
}

const message = (control_id: string, type = 'ADT^A01') =>
  `MSH|^~\\&|HIS|RGH|||20260101||${type}|${control_id}|P|2.5\rPID|1||7\r`;

const TIME = '20260101000000+0000';

/** AA for ADT, AR for the rest, and for what is no HL7. */
function answerOf(bytes: Buffer): string {
  if (!bytes.toString().startsWith('MSH'))
    return 'MSH|^~\\&|||||||ACK|1|P|2.5\rMSA|AR\rERR|||100^Segment sequence error\r';
  const header = readHeader(bytes);
  const base = { header, control_id: 'ACK1', time: TIME };
  if (header.code === 'ADT') return buildAck({ ...base, code: 'AA' });
  const problem = {
    severity: 'E',
    code: 'message-type-not-accepted',
    condition: '200',
    at: 'MSH-9.1',
    says: 'no such type',
  } as const;
  return buildAck({ ...base, code: 'AR', problems: [problem] });
}

describe('pipehat send', () => {
  let server: Listener;
  let received: string[];
  let answer: (bytes: Buffer) => Promise<string | Answer>;
  let mostUnderWay: number;

  before(async () => {
    let underWay = 0;
    const take = async (bytes: Buffer) => {
      underWay += 1;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      received.push(bytes.toString('latin1'));
      const given = await answer(bytes);
      underWay -= 1;
      return typeof given === 'string' ? { bytes: Buffer.from(given), error: undefined } : given;
    };
    server = createMllpServer(mllpServerOptions({ answer: take }));
    await server.start();
  });

  beforeEach(() => {
    received = [];
    mostUnderWay = 0;
    answer = async (bytes) => answerOf(bytes);
  });

  after(async () => {
    await server.stop(1000);
    await removeFolders();
  });

  const send = (args: string[], more: Parameters<typeof run>[2] = {}) =>
    run(addSend, ['send', ...args, '--to', server.address], more);

  it('prints the ACK of one message', async () => {
    const cwd = await folderWith({ 'a.hl7': message('C1') });
    const { code, out, err } = await send(['a.hl7'], { cwd });
    expect(out).to.match(/^a\.hl7 {2}ADT\^A01 {2}C1 → AA\n1 message in .*: 1 AA\n$/);
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    expect(received).to.deep.equal([message('C1')]);
  });

  it('prints place and reason of a refusal, and exits with 1', async () => {
    const cwd = await folderWith({ 'a.hl7': message('C1', 'QRY^A19') });
    const { code, out } = await send(['a.hl7'], { cwd });
    expect(out).to.match(/^a\.hl7 {2}QRY\^A19 {2}C1 → AR 200 MSH-9 no such type\n/);
    expect(code).to.equal(1);
  });

  it('sends every message of folders and batches, in order, over one connection', async () => {
    const cwd = await folderWith({
      'in/b.hl7': `BHS|^~\\&\r${message('2')}${message('3')}BTS|2\r`,
      'in/a.hl7': message('1'),
      'in/notes.txt': 'not sent',
      'last.hl7': message('4'),
    });
    const { code, out } = await send(['in', 'last.hl7', '--json'], { cwd });
    const found = lines<Line>(out);
    expect(found.map(({ file, control_id, ack }) => [file, control_id, ack])).to.deep.equal([
      ['in/a.hl7', '1', 'AA'],
      ['in/b.hl7#1', '2', 'AA'],
      ['in/b.hl7#2', '3', 'AA'],
      ['last.hl7', '4', 'AA'],
    ]);
    expect(received).to.deep.equal(['1', '2', '3', '4'].map((id) => message(id)));
    expect(mostUnderWay).to.equal(1);
    expect(code).to.equal(0);
  });

  it('sends the messages of a batch whose count is wrong, warns once, and exits with 1', async () => {
    const cwd = await folderWith({ 'a.hl7': `BHS|^~\\&\r${message('1')}BTS|2\r` });
    const { code, out, err } = await send(['a.hl7', '--repeat', '3'], { cwd });
    expect(received).to.have.length(3);
    expect(out).to.include('3 AA');
    expect(err.match(/warning: a\.hl7: BTS-1: .*\[batch-count-wrong\]/g)).to.have.length(1);
    expect(code).to.equal(1);
  });

  it('sends what is no HL7 as it is, and shows the answer', async () => {
    const cwd = await folderWith({ 'a.hl7': 'GET / HTTP/1.1\r\n', 'b.hl7': message('1') });
    const { code, out } = await send(['a.hl7', 'b.hl7'], { cwd });
    expect(out).to.match(
      /^a\.hl7 {2}not HL7 {2}- → AR 100 Segment sequence error\nb\.hl7 .* → AA\n2 messages in/,
    );
    expect(received[0]).to.equal('GET / HTTP/1.1\r\n');
    expect(code).to.equal(1);
  });

  it('gives every shipped sample an answer', async () => {
    const files = readdirSync(join(ROOT, 'samples')).filter((name) => name.endsWith('.hl7'));
    const { out } = await send(['samples', 'samples/bad', '--json']);
    const found = lines<Line>(out);
    // What is left of its two batches are two messages each.
    expect(found.length).to.equal(files.length + readdirSync(join(ROOT, 'samples/bad')).length + 2);
    expect(found.filter(({ ack }) => ack === null)).to.deep.equal([]);
    const first = readFileSync(join(ROOT, 'samples', files.sort()[0]!)).toString('latin1');
    expect(received[0]).to.equal(first);
  });

  it('--repeat sends everything again, --concurrency side by side', async () => {
    const cwd = await folderWith({ 'a.hl7': message('1') + message('2') });
    const waiting: (() => void)[] = [];
    answer = async (bytes) => {
      // Nobody gets an answer before three are under way.
      if (waiting.length < 2) await new Promise<void>((go) => waiting.push(go));
      else for (const go of waiting) go();
      return answerOf(bytes);
    };
    const { code, out } = await send(['a.hl7', '--repeat', '3', '--concurrency', '3'], { cwd });
    expect(out).to.match(/6 messages in .*: 6 AA\n$/);
    expect(mostUnderWay).to.equal(3);
    expect(code).to.equal(0);
  });

  it('tells of an answer that does not come, and goes on', async () => {
    const cwd = await folderWith({ 'a.hl7': message('1'), 'b.hl7': message('2') });
    answer = (bytes) =>
      bytes.toString() === message('1') ? new Promise(() => undefined) : Promise.resolve(answerOf(bytes));
    const { code, out } = await send(['a.hl7', 'b.hl7', '--json', '--timeout-ms', '50'], { cwd });
    const found = lines<Line>(out).map(({ ack, error }) => [ack, error?.code]);
    expect(found).to.deep.equal([
      [null, 'mllp-no-answer'],
      ['AA', undefined],
    ]);
    expect(code).to.equal(1);
  });

  it('does not take the answer to another message for its own', async () => {
    const cwd = await folderWith({ 'a.hl7': message('1') });
    answer = async () => answerOf(Buffer.from(message('2')));
    const { code, out } = await send(['a.hl7'], { cwd });
    expect(out).to.include('no ACK').and.include('[mllp-wrong-answer]');
    expect(code).to.equal(1);
  });

  /** A message that asks for ACKs by MSH-15 and MSH-16. */
  const asking = (accept: string, application: string, type?: string) =>
    message('E1', type).replace('|P|2.5\r', `|P|2.5|||${accept}|${application}\r`);
  const acks = async (text: string, ...codes: string[]): Promise<[string | null, number | undefined]> => {
    const ackOf = (code: string) => Buffer.from(`MSH|^~\\&|||||||ACK|1|P|2.5\rMSA|${code}|E1\r`);
    const [first, second] = codes;
    answer = async () => ({
      bytes: first === undefined || first === '-' ? undefined : ackOf(first),
      error: undefined,
      ...(second && { later: { ready: Promise.resolve(ackOf(second)), sent: () => undefined } }),
    });
    const cwd = await folderWith({ 'a.hl7': text });
    const { code, out } = await send(['a.hl7', '--json', '--timeout-ms', '200'], { cwd });
    return [lines<Line>(out)[0]!.ack, code];
  };

  it('waits for every ACK that MSH-15 and MSH-16 ask for', async () => {
    expect(await acks(asking('AL', 'AL'), 'CA', 'AA')).to.deep.equal(['CA AA', 0]);
    expect(await acks(asking('AL', 'AL'), 'CA', 'AE')).to.deep.equal(['CA AE', 1]);
    expect(await acks(asking('AL', 'AL'), 'CR')).to.deep.equal(['CR', 1]);
    expect(await acks(asking('NE', 'AL'), 'AA')).to.deep.equal(['AA', 0]);
    expect(await acks(asking('NE', 'AL'), '-', 'AA')).to.deep.equal(['AA', 0]);
    expect(await acks(asking('AL', 'NE'), 'CA')).to.deep.equal(['CA', 0]);
    expect(await acks(asking('NE', 'NE'))).to.deep.equal([null, 0]);
    expect(await acks(asking('ER', 'ER'))).to.deep.equal([null, 0]);
    expect(await acks(asking('SU', 'NE'))).to.deep.equal([null, 1]);
    expect(await acks(asking('AL', 'AL'), 'CA')).to.deep.equal([null, 1]);
    // Of a receiver that knows original mode only.
    expect(await acks(asking('AL', 'AL'), 'AA')).to.deep.equal(['AA', 0]);
  });

  it('shows a bar for many messages on a terminal, and only what was refused', async () => {
    const cwd = await folderWith({
      'a.hl7': Array.from({ length: 30 }, (_, i) => message(`M${i}`)).join(''),
      'b.hl7': message('BAD', 'QRY^A19'),
    });
    const { out, err } = await send(['a.hl7', 'b.hl7'], { cwd, tty: true });
    expect(out).to.match(/^b\.hl7 .*BAD → AR.*\n31 messages in .*: 30 AA, 1 AR\n$/);
    expect(err).to.include('of 31');
    const piped = await send(['a.hl7', 'b.hl7'], { cwd });
    expect(piped.out.split('\n').length).to.equal(31 + 2);
    expect(piped.err).to.equal('');
  });

  it('stops when interrupted', async () => {
    const cwd = await folderWith({ 'a.hl7': message('1') + message('2') });
    const interrupt = new AbortController();
    answer = () => {
      interrupt.abort();
      return new Promise(() => undefined);
    };
    const { code, out } = await send(['a.hl7'], { cwd, interrupted: interrupt.signal });
    expect(out).to.match(/^a\.hl7#1 .* no ACK: .*\n1 message in .*: 1 without an ACK\n$/);
    expect(received.length).to.equal(1);
    expect(code).to.equal(3);
  });

  it('exits with 3 where nobody listens, also as a process', async () => {
    const closed = createServer();
    await new Promise<void>((done) => closed.listen(0, '127.0.0.1', done));
    const { port } = closed.address() as { port: number };
    await new Promise((done) => closed.close(done));
    const { code, out, err } = await runProcess(['send', 'samples', '--to', `127.0.0.1:${port}`], '');
    expect(err).to.include('[mllp-unreachable]').and.include('ECONNREFUSED');
    expect({ code, out }).to.deep.equal({ code: 3, out: '' });
  });

  it('exits with 2 where the receiver is no host:port', async () => {
    for (const to of ['localhost', 'localhost:0', 'localhost:70000', ':2575', '::1:2575']) {
      expect((await run(addSend, ['send', 'samples', '--to', to])).code, to).to.equal(2);
    }
  });
});
