/** Receivers as other systems are: they write down all that comes, and answer what the test says. Nothing of Pipehat's code is in them. */
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** Something that listens. */
export interface Receiver {
  readonly port: number;
  stop(): Promise<void>;
}

/** What an MLLP receiver answers: MSA-1, a whole answer, or nothing and a closed connection. */
export type MllpAnswer = 'AA' | 'AE' | 'AR' | 'close' | { readonly text: string };

/** A receiver of HL7 over MLLP. */
export interface MllpReceiver extends Receiver {
  /** Every message, in the order in which they came. */
  readonly messages: readonly string[];
}

/** Starts one. `answer` is asked for each message, after it was written down. `latin1` keeps bytes apart. */
export async function startMllpReceiver(
  answer: (message: string, n: number) => MllpAnswer | Promise<MllpAnswer> = () => 'AA',
  encoding: 'utf8' | 'latin1' = 'utf8',
): Promise<MllpReceiver> {
  const messages: string[] = [];
  const take = async (socket: Socket, message: string): Promise<void> => {
    const said = await answer(message, messages.push(message) - 1);
    if (said === 'close') socket.destroy();
    else socket.write(`\x0b${typeof said === 'string' ? ack(message, said) : said.text}\x1c\r`, encoding);
  };
  const server = createServer((socket) => {
    let text = '';
    socket.setEncoding(encoding);
    socket.on('data', (chunk: string) => {
      text += chunk;
      const frames = text.split('\x1c\r');
      text = frames.pop()!;
      for (const frame of frames) {
        take(socket, frame.slice(frame.indexOf('\x0b') + 1));
      }
    });
  });
  return { ...(await listen(server)), messages };
}

/** The control id of a message: MSH-10. */
export function controlIdOf(message: string): string {
  return message.split('\r', 1)[0]!.split('|')[9] ?? '';
}

function ack(message: string, code: string): string {
  const id = controlIdOf(message);
  return `MSH|^~\\&|RECEIVER|TEST|||20260101120000||ACK|A${id}|P|2.5.1\rMSA|${code}|${id}\r`;
}

/** A FHIR resource as it came. */
export interface Received {
  readonly resourceType: string;
  readonly [element: string]: unknown;
}

/** A transaction as it came. */
export interface Transaction {
  /** `X-Request-Id`. */
  readonly id: string;
  readonly entries: readonly Entry[];
}

/** A conditional update, or a conditional create: then `mayChange` is false. */
interface Entry {
  /** `Type?identifier=…`: which record it is about. */
  readonly record: string;
  readonly mayChange: boolean;
  readonly resource: Received;
}

/** What a FHIR receiver answers: yes, nothing and a closed connection (with the writes done), or a status and a body (with nothing done). */
export type FhirAnswer = 'done' | 'close' | { readonly status: number; readonly body: string };

/** A FHIR server that takes transactions of conditional updates and creates. */
export interface FhirReceiver extends Receiver {
  /** Every transaction that was done, in the order in which they came. */
  readonly done: readonly Transaction[];
  /** All versions of each record, by `Type?identifier=…`. */
  readonly records: ReadonlyMap<string, readonly Received[]>;
}

/** Starts one. `answer` is asked for each transaction. */
export async function startFhirReceiver(
  answer: (transaction: Transaction, n: number) => FhirAnswer | Promise<FhirAnswer> = () => 'done',
): Promise<FhirReceiver> {
  const done: Transaction[] = [];
  const records = new Map<string, Received[]>();
  let asked = 0;
  const server = createHttpServer(async (request, response) => {
    const transaction = await readTransaction(request);
    const said = await answer(transaction, asked++);
    if (typeof said === 'object') {
      response.writeHead(said.status, { 'content-type': 'application/fhir+json' }).end(said.body);
      return;
    }
    done.push(transaction);
    for (const { record, mayChange, resource } of transaction.entries) {
      const versions = records.get(record);
      if (versions === undefined) records.set(record, [resource]);
      else if (mayChange) versions.push(resource);
    }
    if (said === 'close') request.socket.destroy();
    else response.writeHead(200, { 'content-type': 'application/fhir+json' }).end(doneBody(transaction));
  });
  return { ...(await listen(server)), done, records };
}

async function readTransaction(request: IncomingMessage): Promise<Transaction> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  const { entry } = JSON.parse(text) as {
    entry: { resource: Received; request: { url: string; ifNoneExist?: string } }[];
  };
  return {
    id: String(request.headers['x-request-id']),
    entries: entry.map(({ resource, request: { url, ifNoneExist } }) => ({
      record: ifNoneExist === undefined ? url : `${url}?${ifNoneExist}`,
      mayChange: ifNoneExist === undefined,
      resource,
    })),
  };
}

function doneBody({ entries }: Transaction): string {
  const entry = entries.map(() => ({ response: { status: '200 OK' } }));
  return JSON.stringify({ resourceType: 'Bundle', type: 'transaction-response', entry });
}

/** Listens on a port that the system gives. */
async function listen(server: Server): Promise<Receiver> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A killed engine resets its connections.
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
