import { appendFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Body, Destination } from '../../src/component.ts';
import { file } from '../../src/destinations/file.ts';
import type { CanonicalEvent } from '../../src/event.ts';
import { delivery, destinationContract, PLANTED_NAME } from '../contract/destination.ts';
import { destinationContext } from '../helpers/contexts.ts';

const hl7 = (text: string): Body => ({ kind: 'hl7', text });

async function linesOf(
  path: string,
): Promise<{ delivery: string; message: string; hl7?: string; event?: unknown }[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  expect(text === '' || text.endsWith('\n')).to.equal(true);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

destinationContract(
  'file',
  async (context) => {
    const root = await mkdtemp(join(tmpdir(), 'pipehat-file-'));
    const folder = join(root, 'out');
    const away = join(root, 'away');
    await rename(await mkdtemp(join(root, 'new-')), folder);
    const path = join(folder, 'archive.ndjson');
    let down = false;
    return {
      destination: file.create({ path, content: 'hl7' }, context),
      body: (n) => hl7(`MSH|^~\\&|A|B|||20260101||ADT^A01|${n}|P|2.5\rPID|||${n}||${PLANTED_NAME}\r`),
      async become(mode) {
        if (down !== (mode === 'down')) await (down ? rename(away, folder) : rename(folder, away));
        down = mode === 'down';
      },
      kept: async () => new Set((await linesOf(path)).map((line) => line.hl7)).size,
      connections: async () => 0,
      close: () => rm(root, { recursive: true }),
    };
  },
  { refuses: 'a file takes whatever it is given', silent: 'a file has no connection to fall silent' },
);

describe('destination file', () => {
  let folder: string;
  let path: string;
  let opened: Destination[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pipehat-file-'));
    path = join(folder, 'out.ndjson');
    opened = [];
  });

  afterEach(async () => {
    for (const destination of opened) await destination.stop(1000);
    await rm(folder, { recursive: true });
  });

  function open(content: 'event' | 'hl7' = 'hl7'): Destination {
    const destination = file.create({ path, content }, destinationContext());
    opened.push(destination);
    return destination;
  }

  it('writes one line a delivery, with its event or its HL7', async () => {
    const event = { schema: 'pipehat.event/1', id: 'e1' } as CanonicalEvent;
    await open('event').deliver(delivery(1, { kind: 'event', event, write: undefined }));
    await open('hl7').deliver(delivery(2, hl7('MSH|1\rPID|\r')));
    const message = (n: number) => delivery(n, hl7('')).message_id;
    expect(await linesOf(path)).to.deep.equal([
      { delivery: '1', message: message(1), event },
      { delivery: '2', message: message(2), hl7: 'MSH|1\rPID|\r' },
    ]);
    expect(file.takes({ path, content: 'event' })).to.equal('event');
    expect(file.takes({ path, content: 'hl7' })).to.equal('hl7');
  });

  it('says written the first time and present the second, also after a restart', async () => {
    const first = open();
    expect((await first.deliver(delivery(1, hl7('a')))).status).to.equal('written');
    expect((await first.deliver(delivery(1, hl7('a')))).status).to.equal('present');
    const again = open();
    expect((await again.deliver(delivery(1, hl7('a')))).status).to.equal('present');
    expect((await again.deliver(delivery(2, hl7('b')))).status).to.equal('written');
    expect(await linesOf(path)).to.have.length(2);
  });

  it('writes a delivery once that comes twice at the same moment', async () => {
    const destination = open();
    const made = await Promise.all([1, 1, 2, 1].map((n) => destination.deliver(delivery(n, hl7('a')))));
    expect(made.map(({ status }) => status)).to.deep.equal(['written', 'present', 'written', 'present']);
    expect(await linesOf(path)).to.have.length(2);
  });

  it('cuts off a line that a crash left unfinished, wherever it was torn, and writes it again', async () => {
    await open().deliver(delivery(1, hl7('é\u2028')));
    await open().deliver(delivery(2, hl7('é\u2028')));
    const whole = await readFile(path);
    const start = whole.indexOf('\n') + 1;
    for (let end = start; end < whole.length; end++) {
      await writeFile(path, whole.subarray(0, end));
      const made = await open().deliver(delivery(2, hl7('é\u2028')));
      expect(made.status).to.equal('written');
      expect(await readFile(path)).to.deep.equal(whole);
    }
  });

  it('ends a last line that is not its own, and cuts off nothing of it', async () => {
    await appendFile(path, 'a note of somebody');
    await open().deliver(delivery(1, hl7('a')));
    expect(await readFile(path, 'utf8')).to.match(/^a note of somebody\n\{"delivery":"1",.*\}\n$/);
  });

  it('is transient where the folder is missing, and makes none', async () => {
    path = join(folder, 'missing', 'out.ndjson');
    const made = await open().deliver(delivery(1, hl7('a')));
    expect(made).to.include({ outcome: 'transient', code: 'file-not-writable' });
    expect(made.says).to.include(path).and.include('ENOENT');
  });
});
