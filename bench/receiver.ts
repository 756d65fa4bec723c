/** The bare receiver: takes everything at once, counts, keeps nothing. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { serve } from './child.ts';
import { accepted, onFrame } from './frames.ts';
import type { Work } from './works.ts';

let count = 0;
let reached: { readonly count: number; readonly resolve: (at_ms: number) => void } | undefined;

function taken(): void {
  count += 1;
  if (count === reached?.count) reached.resolve(now_ms());
}

/** The same clock in all processes. */
function now_ms(): number {
  return performance.timeOrigin + performance.now();
}

/** Answers a transaction as a FHIR server that took all of it, without reading it. */
function listenFhir() {
  const answers = new Map<number, Buffer>();
  const answer = (entries: number): Buffer => {
    const entry = Array.from({ length: entries }, () => ({ response: { status: '200' } }));
    return Buffer.from(JSON.stringify({ resourceType: 'Bundle', type: 'transaction-response', entry }));
  };
  return createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const entries = countOf('"fullUrl":', Buffer.concat(chunks));
      if (!answers.has(entries)) answers.set(entries, answer(entries));
      response.writeHead(200, { 'content-type': 'application/fhir+json' });
      response.end(answers.get(entries));
      taken();
    });
  });
}

function countOf(word: string, bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(word); at >= 0; at = bytes.indexOf(word, at + 1)) count += 1;
  return count;
}

function listenMllp() {
  return createServer({ noDelay: true }, (socket) => {
    // A sender that ends with a reset is done with, like any other.
    socket.on('error', () => socket.destroy());
    onFrame(socket, (message) => {
      socket.write(accepted(message));
      taken();
    });
  });
}

const answers = {
  /** Gives `host:port`. */
  async start(speaks: Work['receiver']): Promise<string> {
    const server = speaks === 'fhir' ? listenFhir() : listenMllp();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  /** Resolves to the moment at which `wanted` messages had come, in all, as {@link now_ms}. */
  async reach(wanted: number): Promise<number> {
    if (count >= wanted) return now_ms();
    const { promise, resolve } = Promise.withResolvers<number>();
    reached = { count: wanted, resolve };
    return promise;
  },
  count: () => count,
  stop: () => {},
};

/** What the receiver's process answers. */
export type ReceiverAnswers = typeof answers;

serve(answers);
