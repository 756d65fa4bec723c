/**
 * The floor: the least that a program must do for "stored before acknowledged, then sent on". MLLP in, group commit of the
 * raw bytes, AA, and the message's fields as JSON to the receiver (over MLLP: the bytes). Nothing is checked, mapped,
 * sealed, audited, ordered or repeated, and what became of a message is not recorded.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Pool as HttpPool } from 'undici';
import { createBlob } from '../src/store/blob.ts';
import { createPool, type Pool } from '../src/store/database.ts';
import { type EmbeddedPostgres, startPostgres } from '../src/store/postgres.ts';
import { serve } from './child.ts';
import { accepted, framed, onFrame } from './frames.ts';
import { readUsage, type Usage } from './usage.ts';
import type { Work } from './works.ts';

/** As many as the engine's destinations open by default. */
const CONNECTIONS = { fhir: 8, mllp: 4 };

type Send = (message: Buffer) => void;

function sendToFhir(receiver: string): Send {
  const http = new HttpPool(`http://${receiver}`, { connections: CONNECTIONS.fhir });
  return async (message) => {
    const fields = message
      .toString()
      .split('\r')
      .map((segment) => segment.split('|'));
    const body = JSON.stringify({ resourceType: 'Bundle', type: 'transaction', fields });
    const answer = await http.request({ method: 'POST', path: '/fhir', body });
    await answer.body.text();
  };
}

function sendToMllp(receiver: string): Send {
  const [host, port] = receiver.split(':');
  const waiting: Buffer[] = [];
  const free: Socket[] = [];
  const next = (): void => {
    while (waiting.length > 0 && free.length > 0) free.pop()!.write(framed(waiting.shift()!));
  };
  for (let n = 0; n < CONNECTIONS.mllp; n++) {
    const socket = connect({ host: host!, port: Number(port), noDelay: true });
    free.push(socket);
    onFrame(socket, () => {
      free.push(socket);
      next();
    });
  }
  return (message) => {
    waiting.push(message);
    next();
  };
}

/** Listens, stores what has come since the last commit in one statement, answers, sends on. Gives `host:port`. */
async function listen(pool: Pool, send: Send): Promise<string> {
  let waiting: { message: Buffer; socket: Socket }[] = [];
  let committing = false;
  const commit = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      const { bytes, offsets, lengths } = createBlob(group.map(({ message }) => message));
      await pool.query({
        name: 'store',
        text: `insert into message (bytes) select substring($1::bytea from o + 1 for l) from unnest($2::integer[], $3::integer[]) as u (o, l)`,
        values: [bytes, offsets, lengths],
      });
      for (const { message, socket } of group) {
        socket.write(accepted(message));
        send(message);
      }
    }
    committing = false;
  };
  const server = createServer({ noDelay: true }, (socket) =>
    onFrame(socket, (message) => {
      waiting.push({ message, socket });
      if (!committing) setImmediate(commit);
      committing = true;
    }),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

let opened: { postgres: EmbeddedPostgres; pool: Pool; data: string } | undefined;

const answers = {
  /** Starts it; gives `host:port` where it listens. */
  async start({ data, work, receiver }: { data: string; work: Work; receiver: string }): Promise<string> {
    const postgres = await startPostgres(data);
    const pool = createPool({ url: postgres.url, connections: 2, name: 'floor', onError: () => {} });
    opened = { postgres, pool, data };
    await pool.query(
      'create table message (id bigint generated always as identity primary key, bytes bytea)',
    );
    return listen(pool, work.receiver === 'fhir' ? sendToFhir(receiver) : sendToMllp(receiver));
  },
  async usage(): Promise<Usage> {
    return readUsage(opened!.pool, opened!.data);
  },
  async stop(): Promise<void> {
    await opened?.pool.end();
    await opened?.postgres.stop();
  },
};

/** What the floor's process answers. */
export type FloorAnswers = typeof answers;

serve(answers);
