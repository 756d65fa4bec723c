import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Default } from 'typebox/value';
import type { Source } from '../../src/component.ts';
import { PipehatError } from '../../src/errors.ts';
import { sftp } from '../../src/sources/sftp.ts';
import { createSftpFiles } from '../../src/sources/sftp-files.ts';
import { eventually } from '../contract/destination.ts';
import { createTestIntake, type Intake, message, pickupContract } from '../contract/pickup.ts';
import { type SftpServer, startSftpServer } from '../helpers/sftp.ts';

type Options = Parameters<typeof sftp.create>[0];

pickupContract('sftp', async () => {
  const root = await mkdtemp(join(tmpdir(), 'pipehat-sftp-'));
  await mkdir(join(root, 'in'));
  const server = await startSftpServer(root);
  const { port, user, password, fingerprint: host_fingerprint } = server;
  return {
    folder: join(root, 'in'),
    address: /^pipehat@127\.0\.0\.1:\d+\/in$/,
    create: (options, context) =>
      sftp.create(
        {
          ...{ ...options, path: '/in', host: '127.0.0.1', port, user, password, host_fingerprint },
          connect_timeout_ms: 5000,
        },
        context,
      ),
    async close() {
      await server.stop();
      await rm(root, { recursive: true });
    },
  };
});

describe('source sftp', () => {
  let root: string;
  let server: SftpServer;
  let intake: Intake;
  let source: Source | undefined;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'pipehat-sftp-'));
    server = await startSftpServer(root);
    intake = createTestIntake();
  });

  afterEach(async () => {
    await source?.stop(2000);
    source = undefined;
    await server.stop();
    await rm(root, { recursive: true });
    const secrets = [server.password, server.privateKey.split('\n')[3]!];
    for (const secret of secrets) expect(intake.lines.join('\n')).not.to.include(secret);
  });

  const optionsOf = (more: Partial<Options> = {}): Options => ({
    ...(Default(sftp.options, {
      ...{ host: '127.0.0.1', port: server.port, user: server.user, path: '/' },
      host_fingerprint: server.fingerprint,
    }) as Options),
    ...{ poll_ms: 5, stable_ms: 1, archive_by_day: false },
    ...more,
  });
  const start = async (more: Partial<Options>): Promise<void> => {
    source = sftp.create(optionsOf(more), intake.context);
    await source.start();
  };
  const isArchived = async (file: string): Promise<boolean> =>
    (await readdir(join(root, 'archive')).catch((): string[] => [])).includes(file);
  const isTold = (code: string): boolean => intake.lines.some((line) => line.includes(code));

  it('logs in with a private key', async () => {
    await writeFile(join(root, 'a.hl7'), message('1'));
    await start({ private_key: server.privateKey.trim() });
    await eventually(() => isArchived('a.hl7'));
    expect(intake.taken).to.deep.equal(['1']);
    expect(server.logins()).to.equal(1);
  });

  it('does not talk to a server with another host key, not even its password', async () => {
    await writeFile(join(root, 'a.hl7'), message('1'));
    await start({ password: server.password, host_fingerprint: `SHA256:${'A'.repeat(43)}` });
    await eventually(() => isTold('sftp-host-key-wrong'));
    expect(intake.lines.join()).to.include(server.fingerprint);
    expect(server.logins()).to.equal(0);
    expect(intake.came).to.deep.equal([]);
  });

  it('says that it is not let in, and that a key is none', async () => {
    await start({ password: 'wrong' });
    await eventually(() => isTold('sftp-login-refused'));
    await source?.stop(2000);
    await start({ private_key: 'wrong' });
    await eventually(() => isTold('sftp-key-unreadable'));
    expect(server.logins()).to.equal(0);
  });

  it('says that nobody is there, once, and goes on by itself when somebody is', async () => {
    await writeFile(join(root, 'a.hl7'), message('1'));
    server.away();
    await start({ password: server.password });
    await eventually(() => isTold('sftp-unreachable'));
    server.back();
    await eventually(() => isArchived('a.hl7'));
    expect(intake.connections).to.deep.equal([0, 1]);
  });

  it('logs in again when the connection was cut in the middle of a file, and takes each message once', async () => {
    const ids = Array.from({ length: 3000 }, (_, i) => String(i));
    await writeFile(join(root, 'a.hl7'), ids.map((id) => message(id)).join(''));
    let cuts = 0;
    intake.before = (id) => {
      if (id !== '1500' || cuts === 2) return;
      cuts += 1;
      server.cut();
    };
    await start({ password: server.password });
    await eventually(() => isArchived('a.hl7'));
    expect(intake.taken).to.deep.equal(ids);
    expect(server.logins()).to.equal(3);
  });

  it('goes on with the other files when one of them can not be read', async () => {
    await writeFile(join(root, 'a.hl7'), message('1'));
    await writeFile(join(root, 'b.hl7'), message('2'));
    let reads = 0;
    server.onRead = () => {
      reads += 1;
      if (reads === 1) throw Object.assign(new Error(), { code: 'EACCES' });
    };
    await start({ password: server.password });
    await eventually(() => isArchived('b.hl7'));
    expect(intake.taken).to.deep.equal(['2']);
    expect(await readdir(root)).to.include('a.hl7');
  });

  it('closes its connection when it is stopped', async () => {
    await start({ password: server.password });
    await eventually(() => server.connections() === 1);
    await source?.stop(2000);
    await eventually(() => server.connections() === 0);
  });

  it('wants a password or a key, and not both', () => {
    const logins: Partial<Options>[] = [{}, { password: 'a', private_key: 'b' }];
    for (const login of logins) {
      expect(() => sftp.create(optionsOf(login), intake.context))
        .to.throw(PipehatError)
        .with.property('code', 'option-wrong');
    }
  });

  it('claims the folder on its server', () => {
    expect(sftp.resources(optionsOf({ host: 'h', port: 22, path: '/a/' }))).to.deep.equal(['sftp:h:22/a']);
  });

  it('rejects before it is connected', async () => {
    const files = createSftpFiles(optionsOf({ password: server.password }));
    const failed = await files.list('/').catch((error: Error) => error.name);
    expect(failed).to.equal('FileTrouble');
    await files.close();
  });
});
