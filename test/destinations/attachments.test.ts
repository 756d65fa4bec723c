/** What stands in bodies as a reference leaves with its content in place, and is recorded as the reference. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Attachment, Body, Destination } from '../../src/component.ts';
import { fhir } from '../../src/destinations/fhir.ts';
import { file } from '../../src/destinations/file.ts';
import { mllp } from '../../src/destinations/mllp.ts';
import { PipehatError } from '../../src/errors.ts';
import type { CanonicalEvent } from '../../src/event.ts';
import { referenceTo } from '../../src/hl7/lift.ts';
import { delivery } from '../contract/destination.ts';
import { entry, eventOf } from '../fhir/events.ts';
import { destinationContext } from '../helpers/contexts.ts';

/** An attachment, read a few bytes at a time; `broken` fails half-way. */
function attachment(content: string, broken?: PipehatError): Attachment {
  const bytes = Buffer.from(content);
  const piece = Math.ceil(bytes.length / 5);
  return {
    reference: referenceTo(Buffer.alloc(16, bytes.length), bytes.length),
    size: bytes.length,
    base64: true,
    async *read() {
      for (let at = 0; at < bytes.length; at += piece) {
        if (at > bytes.length / 2 && broken !== undefined) throw broken;
        yield bytes.subarray(at, at + piece);
      }
    },
  };
}

const pdf = Buffer.from('a document '.repeat(20_000)).toString('base64');
const text = '"quoted" and \\T\\ escaped\t'.repeat(100);
const damaged = new PipehatError('payload-damaged', { purpose: 'attachment' });

const hl7 = (content: string): Body => ({
  kind: 'hl7',
  text: `MSH|^~\\&|A|B|||2026||ORU^R01|C1|P|2.5||||||UNICODE UTF-8\rPID|1||7||Müller\rOBX|1|ED|||${content}\r`,
});
const event = (data: string): CanonicalEvent =>
  eventOf([
    entry({ resourceType: 'Patient' }, '7'),
    entry(
      { resourceType: 'DocumentReference', status: 'current', content: [{ attachment: { data } }] },
      'D7',
    ),
  ]);

describe('attachments on the way out', () => {
  let ends: (() => unknown)[];
  const context = { ...destinationContext([]), name: 'test' };
  const keep = (destination: Destination): Destination => {
    ends.push(() => destination.stop(500));
    return destination;
  };
  const portOf = async (server: Server): Promise<number> => {
    ends.push(() => server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return (server.address() as AddressInfo).port;
  };

  beforeEach(() => {
    ends = [];
  });
  afterEach(async () => {
    for (const end of ends) await end();
  });

  for (const mode of ['transaction', 'single'] as const) {
    describe(`fhir, ${mode}`, () => {
      let requests: { body: string; prefer: string; length: string }[];

      const open = async (): Promise<Destination> => {
        requests = [];
        const server = createHttpServer(async (request, response) => {
          const { prefer = '', 'content-length': length = '' } = request.headers;
          let body = '';
          try {
            for await (const chunk of request.setEncoding('utf8')) body += chunk;
          } catch {
            return; // The request was broken off.
          }
          requests.push({ body, prefer: String(prefer), length });
          const [, type = ''] = /fhir\/(\w+)/.exec(request.url ?? '') ?? [];
          const found = {
            resourceType: 'Bundle',
            type: 'searchset',
            entry: [{ resource: { resourceType: type, id: '1' } }],
          };
          const entries = [0, 1].map(() => ({ response: { status: '200' } }));
          const done = { resourceType: 'Bundle', type: 'transaction-response', entry: entries };
          if (request.method === 'GET') response.end(JSON.stringify(found));
          else if (mode === 'transaction') response.end(JSON.stringify(done));
          else if (prefer === 'return=minimal') response.end();
          else response.end(JSON.stringify({ resourceType: type, id: '1' }));
        });
        const port = await portOf(server);
        ends.push(() => server.closeAllConnections());
        const options = { base_url: `http://127.0.0.1:${port}/fhir`, mode, timeout_ms: 2000, connections: 2 };
        return keep(fhir.create(options, context));
      };

      it('are sent whole, ask for nothing back, and are recorded as references', async () => {
        const destination = await open();
        const part = attachment(pdf);
        const body: Body = { kind: 'event', event: event(part.reference), write: undefined };
        const made = await destination.deliver(delivery(1, body, [part]));
        expect(made).to.include({ outcome: 'accepted', status: '200' });
        const request = requests.find(({ body }) => body.includes('DocumentReference'))!;
        expect(request.body).to.include(`{"attachment":{"data":"${pdf}"}}`);
        expect(request.prefer).to.equal('return=minimal');
        expect(request.length).to.equal(String(Buffer.byteLength(request.body)));
        expect(made.request).to.include(part.reference).and.to.have.lengthOf.below(2000);
      });

      it('that can not be read are not sent, and say why', async () => {
        const destination = await open();
        const part = attachment(pdf, damaged);
        const body: Body = { kind: 'event', event: event(part.reference), write: ['DocumentReference'] };
        const made = await destination.deliver(delivery(1, body, [part]));
        expect([made.outcome, made.code]).to.deep.equal(['permanent', 'payload-damaged']);
        expect(requests).to.deep.equal([]);
      });
    });
  }

  describe('mllp', () => {
    let received: Buffer;
    const open = async (): Promise<Destination> => {
      received = Buffer.alloc(0);
      const server = createServer((socket) => {
        socket.on('error', () => socket.destroy());
        socket.on('data', (chunk: Buffer) => {
          received = Buffer.concat([received, chunk]);
          if (received.at(-2) === 0x1c)
            socket.write('\x0bMSH|^~\\&|||||2026||ACK|1|P|2.5\rMSA|AA|C1\r\x1c\r');
        });
      });
      const chosen = {
        connections: 1,
        connect_timeout_ms: 1000,
        answer_timeout_ms: 2000,
        unrepresentable: 'reject',
        answers: { AE: 'reject', AR: 'reject', CE: 'reject', CR: 'reject' },
        wait_for: 'accept',
        keep_alive_ms: 0,
        idle_timeout_ms: 0,
        probe_after_ms: 60_000,
      } as const;
      return keep(mllp.create({ host: '127.0.0.1', port: await portOf(server), ...chosen }, context));
    };

    it('are sent byte for byte, and recorded as references', async () => {
      const destination = await open();
      const parts = [attachment(pdf), attachment(text)];
      const content = (of: readonly string[]): string => `^^^Base64^${of[0]}~${of[1]}`;
      const body = hl7(content(parts.map(({ reference }) => reference)));
      const made = await destination.deliver(delivery(1, body, parts));
      expect(made).to.include({
        outcome: 'accepted',
        status: 'AA',
        request: (body as { text: string }).text,
      });
      expect(received.toString()).to.equal(
        `\x0b${(hl7(content([pdf, text])) as { text: string }).text}\x1c\r`,
      );
    });

    it('that can not be read, or were changed, are not sent', async () => {
      const destination = await open();
      const broken = attachment(pdf, damaged);
      const damagedOne = await destination.deliver(delivery(1, hl7(broken.reference), [broken]));
      expect([damagedOne.outcome, damagedOne.code]).to.deep.equal(['permanent', 'payload-damaged']);
      const part = attachment(pdf);
      const changed = await destination.deliver(delivery(1, hl7(part.reference.slice(0, 30)), [part]));
      expect([changed.outcome, changed.code]).to.deep.equal(['permanent', 'attachment-unknown']);
      expect(received).to.have.lengthOf(0);
    });
  });

  describe('file', () => {
    it('are written whole, and recorded as references', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'pipehat-file-'));
      ends.push(() => rm(folder, { recursive: true }));
      const parts = [attachment(pdf), attachment(text)];
      for (const [content, given, whole] of [
        ['hl7', hl7(`${parts[0]!.reference}~${parts[1]!.reference}`), hl7(`${pdf}~${text}`)],
        ['event', { kind: 'event', event: event(parts[0]!.reference), write: undefined }, event(pdf)],
      ] as const) {
        const path = join(folder, `${content}.ndjson`);
        const destination = keep(file.create({ path, content }, context));
        const made = await destination.deliver(delivery(1, given, parts));
        expect(made.outcome).to.equal('accepted');
        expect(made.request).to.include(parts[0]!.reference).and.to.have.lengthOf.below(2000);
        const line = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
        expect(Object.keys(line)).to.deep.equal(['delivery', 'message', content]);
        expect(line[content]).to.deep.equal('text' in whole ? whole.text : whole);
      }
    });
  });
});
