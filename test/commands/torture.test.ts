import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { expect } from 'chai';
import { addTorture } from '../../src/commands/torture.ts';
import { receiverCases, senderCases } from '../../src/torture/catalogue.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { type Faults, startReceiver } from '../torture/faulty-receiver.ts';
import { startSender } from '../torture/faulty-sender.ts';
import { folderWith, lines, removeFolders, run } from './pipehat.ts';

interface Line {
  readonly group: string;
  readonly case: string;
  readonly level: string;
  readonly verdict: string;
  readonly saw: string;
}

/** Runs the command against a receiver of its own. */
async function torture(
  faults: Faults,
  args: string[],
  more: Parameters<typeof run>[2] = {},
): Promise<Awaited<ReturnType<typeof run>>> {
  const receiver = await startReceiver(faults);
  try {
    const address = `127.0.0.1:${receiver.port}`;
    return await run(addTorture, ['torture', address, '--quick', '--timeout-ms', '500', ...args], more);
  } finally {
    await receiver.stop();
  }
}

/** A port where nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('pipehat torture', () => {
  after(removeFolders);

  it('prints a line a case and a summary, and says what it sends', async () => {
    const { code, out, err } = await torture({}, [
      '--only',
      'framing/one-write',
      '--only',
      'duplicate/same-code',
    ]);
    expect(out).to.match(
      /^framing\n {2}pass {2}must {4}one-write .*\nduplicate\n {2}pass {2}must {4}same-code +AA, then AA\n2 cases in .* s: 2 pass, 0 fail, 0 skip, 0 info\n$/,
    );
    expect(err).to.match(
      /^Sends messages of invented patients to 127\.0\.0\.1:\d+, with control ids T\w{8}-1 /,
    );
    expect(code).to.equal(0);
  });

  it('ends with 1 when a must failed, and says what the case is about', async () => {
    const { code, out } = await torture({ merges: true }, ['--only', 'noise/no-end-block']);
    expect(out).to.match(
      / {2}FAIL {2}must {4}no-end-block .*\n {16}a message without end block is not merged/,
    );
    expect(out).to.match(/\n1 case in /);
    expect(code).to.equal(1);
  });

  it('ends with 0 when only a should failed', async () => {
    const { code, out } = await torture({ noErr: true }, ['--only', 'refusal/err-2.5']);
    expect(out).to.include('1 fail (0 must, 1 should)');
    expect(code).to.equal(0);
  });

  it('--json prints a line a case, with what is not run and why', async () => {
    const { out } = await torture({}, [
      '--json',
      '--only',
      'framing/one-write',
      '--only',
      'restart',
      '--only',
      'sender/late',
    ]);
    expect(lines<Line>(out).map(({ group, verdict }) => [group, verdict])).to.deep.equal([
      ['framing', 'pass'],
      ['restart', 'skip'],
      ['restart', 'skip'],
      ['sender', 'skip'],
    ]);
    expect(out).to.include('--restart-command').and.to.include('--listen');
  });

  it('--list prints every case and runs none', async () => {
    const { code, out } = await run(addTorture, ['torture', '--list']);
    expect(out.trimEnd().split('\n')).to.have.length(receiverCases.length + senderCases.length);
    expect(out).to.match(/^framing\/one-write +must +a block in one write is answered$/m);
    expect(code).to.equal(0);
  });

  it('has at least 60 cases, each with a name of its own', () => {
    const names = [...receiverCases, ...senderCases].map(({ group, id }) => `${group}/${id}`);
    expect(new Set(names).size).to.equal(names.length).and.to.be.at.least(60);
  });

  for (const [what, args] of [
    ['no receiver', []],
    ['a feed without a port to listen on', ['--feed', 'localhost:1']],
    ['a case that there is not', ['localhost:1', '--only', 'framing/none']],
    ['no port', ['localhost']],
    ['a version for a message that has one', ['localhost:1', '--message', 'a.hl7', '--version', '2.3']],
  ] as const) {
    it(`ends with 2 for ${what}`, async () => {
      expect((await run(addTorture, ['torture', ...args])).code).to.equal(2);
    });
  }

  it('ends with 3 where nobody listens', async () => {
    const { code, err } = await run(addTorture, ['torture', `127.0.0.1:${await freePort()}`]);
    expect(err).to.include('[mllp-unreachable]');
    expect(code).to.equal(3);
  });

  it('ends with 3 when it is interrupted', async () => {
    const interrupt = new AbortController();
    interrupt.abort();
    const { code, out } = await torture({}, ['--only', 'framing'], { interrupted: interrupt.signal });
    expect(out).to.match(/^0 cases/);
    expect(code).to.equal(3);
  });

  it('--message varies a message of the user', async () => {
    const message = 'MSH#*~\\&#LAB#SITE#HIS#SITE#20260302##ADT*A08#X1#P#2.4###AL#AL\nPID#1##7*x\n';
    const cwd = await folderWith({ 'a.hl7': message, 'b.hl7': 'no message' });
    const only = ['--only', 'framing/one-write', '--only', 'charset/utf-8'];
    const { code, out } = await torture({}, ['--message', 'a.hl7', ...only], { cwd });
    expect(out).to.match(
      /sent <VT>MSH#\*~\\&#LAB#SITE#HIS#SITE#20260302##ADT\*A08#T\w+-1#P#2\.4####<CR>PID#1##7\*x<CR><FS><CR>, got MSH#.*MSA#AA#T/,
    );
    expect(code).to.equal(0);
    const wrong = await torture({}, ['--message', 'b.hl7'], { cwd });
    expect([wrong.code, wrong.err]).to.deep.equal([3, wrong.err]);
    expect(wrong.err).to.include('[hl7-no-msh]');
    expect((await torture({}, ['--message', 'c.hl7'], { cwd })).err).to.include('[input-unreadable]');
  });

  it('--junit writes a failure for a must, and none for a should', async () => {
    const cwd = await folderWith({});
    const only = ['--only', 'refusal/err-2.5', '--only', 'noise/no-end-block', '--only', 'framing/one-write'];
    await torture({ noErr: true, merges: true }, [...only, '--junit', 'out.xml'], { cwd });
    const xml = await readFile(join(cwd, 'out.xml'), 'utf8');
    expect(xml).to.match(/<testsuite name="noise" tests="1" failures="1" skipped="0">/);
    expect(xml).to.match(/<testsuite name="refusal" tests="1" failures="0" skipped="1">/);
    expect(xml).to.match(
      /name="err-2.5" time="[\d.]+"><skipped message="should: no ERR segment: MSH\|\^~\\&amp;/,
    );
    expect(xml).to.match(/name="one-write" time="[\d.]+"><system-out>sent &lt;VT&gt;/);
    const failed = await torture({}, ['--only', 'framing/one-write', '--junit', 'none/out.xml'], { cwd });
    expect(failed.err).to.include('[output-unwritable]');
    expect(failed.code).to.equal(3);
  });

  it('--seed cuts and fills alike', async () => {
    const seen = async (seed: string): Promise<string> =>
      (await torture({}, ['--json', '--only', 'refusal/random-bytes', '--seed', seed])).out;
    const saw = (out: string): string => lines<Line>(out)[0]!.saw;
    expect(saw(await seen('7'))).to.equal(saw(await seen('7')));
    expect(saw(await seen('7'))).not.to.equal(saw(await seen('8')));
  });

  it('--restart-command is run in a shell, and its failing is told', async () => {
    const only = ['--json', '--only', 'restart/acknowledged-stays'];
    const good = await torture({}, [...only, '--restart-command', 'echo restarting']);
    expect(lines<Line>(good.out)[0]!.verdict).to.equal('pass');
    expect(good.err).to.include('restarting');
    const bad = await torture({}, [...only, '--restart-command', 'exit 7']);
    expect(lines<Line>(bad.out)[0]).to.include({ verdict: 'fail', saw: 'the restart command ended with 7' });
  });

  it('--ca, --cert and --key talk TLS, each side proving who it is', async () => {
    const authority = await createAuthority();
    const [server, client] = await Promise.all([
      authority.issue({ name: 'receiver', dns: ['127.0.0.1'] }),
      authority.issue({ name: 'kit' }),
    ]);
    const stranger = await createAuthority();
    const cwd = await folderWith({
      ...{ 'ca.pem': authority.ca, 'other.pem': stranger.ca, 'kit.pem': client.cert, 'kit.key': client.key },
    });
    const receiver = await startReceiver({});
    const front = createTlsServer({ ...server, ca: authority.ca, requestCert: true }, (secure) => {
      const plain = connect({ host: '127.0.0.1', port: receiver.port, noDelay: true });
      secure.setNoDelay();
      secure.pipe(plain).pipe(secure);
      secure.on('error', () => plain.destroy());
      plain.on('error', () => secure.destroy());
    });
    front.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    const { port } = front.address() as { port: number };
    const args = (ca: string, own: string[]): string[] => [
      ...['torture', `127.0.0.1:${port}`, '--quick', '--timeout-ms', '2000', '--ca', ca, ...own],
      ...['--only', 'framing', '--only', 'patience/reset-in-block'],
    ];
    const own = ['--cert', 'kit.pem', '--key', 'kit.key'];
    try {
      const good = await run(addTorture, args('ca.pem', own), { cwd });
      expect(good.out).to.match(/9 cases in .*: 9 pass/);
      expect(good.code).to.equal(0);
      const distrusted = await run(addTorture, args('other.pem', own), { cwd });
      expect([distrusted.code, distrusted.out]).to.deep.equal([3, '']);
      expect(distrusted.err).to.include('[mllp-unreachable]').and.to.include('CERT');
      // The server says no only once the client believes that it is connected: each case tells.
      expect((await run(addTorture, args('ca.pem', []), { cwd })).code).to.equal(1);
    } finally {
      await receiver.stop();
      await new Promise((resolve) => front.close(resolve));
    }
  });

  it('--listen and --feed torture a sender alone', async () => {
    const port = await freePort();
    const sender = await startSender(port, { ignoresControlId: true });
    const feed = ['--feed', `127.0.0.1:${sender.port}`, '--listen', String(port), '--resend-ms', '2000'];
    try {
      const { code, out } = await run(addTorture, ['torture', ...feed, '--quick', '--json']);
      const verdicts = new Map(lines<Line>(out).map((line) => [`${line.group}/${line.case}`, line.verdict]));
      expect(verdicts.size).to.equal(senderCases.length);
      expect(verdicts.get('sender/plain')).to.equal('pass');
      expect(verdicts.get('sender/wrong-control-id')).to.equal('fail');
      expect(code).to.equal(1);
    } finally {
      await sender.stop();
    }
  });
});
