/** An engine that isn't there: a context with fixed answers, and a record of what it was asked. Synthetic data only. */
import { Readable } from 'node:stream';
import type { ApiContext, Caller } from '../../src/api/context.ts';
import type { MessageFilter, MessageSummary, Trace } from '../../src/api/messages.schema.ts';
import type { Status } from '../../src/api/status.schema.ts';
import type { Facts, Log } from '../../src/log.ts';

/** The token that the fake engine knows. */
export const token = 'correct-horse';

/** Headers of a caller with the token. */
export const bearer = { authorization: `Bearer ${token}` };

/** A tag that must never come out as it is. */
export const hostile = `<img src=x onerror="alert('1')">&`;

export const status: Status = {
  site: 'General Hospital',
  version: '0.1.0',
  started_at: '2026-03-01T08:00:00.000Z',
  channels: [
    channel('adt', '127.0.0.1:2575', ['ehr', 'lab'], { received: 12_345, processed: 12_300, waiting: 3 }),
    channel('oru', '127.0.0.1:2576', ['ehr', 'archive'], { received: 980, processed: 975, failed: 2 }),
  ],
  destinations: [
    destination('ehr', 'fhir', { delivered: 13_201, waiting: 4, oldest_waiting_ms: 1200 }),
    destination('lab', 'mllp', { delivered: 12_290, waiting: 10, held: 9, oldest_waiting_ms: 312_000 }),
    destination('archive', 'file', { delivered: 975, ambiguous: 1, waiting: 1, oldest_waiting_ms: 4000 }),
  ],
};

export const messages: MessageSummary[] = Array.from({ length: 20 }, (_, i) => ({
  id: `0195f0aa-0000-7000-8000-${String(100 - i).padStart(12, '0')}`,
  received_at: new Date(Date.UTC(2026, 2, 1, 9, 0, 20 - i, 345)).toISOString(),
  channel: i % 3 === 0 ? 'oru' : 'adt',
  type: i % 3 === 0 ? 'ORU^R01' : 'ADT^A01',
  control_id: `MSG${100 - i}`,
  version: '2.5.1',
  sender: 'HIS@GHH',
  state: i === 3 ? 'failed' : 'processed',
  deliveries: i === 3 ? {} : { verified: 1, ...(i === 0 ? { pending: 1 } : {}) },
  ...(i === 3 ? { error: 'hl7-bad-date' } : {}),
}));

export const trace: Trace = {
  id: messages[0]!.id,
  channel: 'adt',
  state: 'processed',
  received_at: '2026-03-01T09:00:20.345Z',
  connection: { protocol: 'mllp', local: '127.0.0.1:2575', remote: '127.0.0.1:50123', connection: 7 },
  sha256: 'a3'.repeat(32),
  size_bytes: 1432,
  type: 'ADT^A01',
  control_id: 'MSG100',
  version: '2.5.1',
  sender: 'HIS@GHH',
  ack: 'AA',
  processed_at: '2026-03-01T09:00:20.361Z',
  config: 'c0ffee',
  events: [
    {
      id: '5b0a5f0e-0000-5000-8000-000000000001',
      type: 'encounter.admitted',
      action: 'create',
      created_at: '2026-03-01T09:00:20.360Z',
      resources: ['Patient/1f00', 'Encounter/2f00'],
    },
  ],
  deliveries: [
    {
      id: '4711',
      destination: 'ehr',
      state: 'verified',
      created_at: '2026-03-01T09:00:20.361Z',
      attempts: [
        {
          attempt: 1,
          started_at: '2026-03-01T09:00:20.370Z',
          ended_at: '2026-03-01T09:00:20.402Z',
          outcome: 'transient',
          code: 'port-in-use',
          status: '503',
          says: `the receiver said ${hostile}`,
        },
        {
          attempt: 2,
          started_at: '2026-03-01T09:00:22.400Z',
          ended_at: '2026-03-01T09:00:22.440Z',
          outcome: 'accepted',
          status: '201',
        },
      ],
    },
  ],
  audit: [
    { at: '2026-03-01T09:00:20.346Z', action: 'message.received', by: 'engine' },
    { at: '2026-03-01T09:00:22.441Z', action: 'delivery.verified', by: 'engine', says: '4711 at ehr' },
  ],
};

/** The message as it came: bytes that are no UTF-8. */
export const original = Buffer.from('MSH|^~\\&|\xe4\r', 'latin1');

const withBodies: Trace = {
  ...trace,
  body: `MSH|^~\\&|${hostile}\rPID|1`,
  deliveries: trace.deliveries.map((delivery) => ({
    ...delivery,
    attempts: delivery.attempts.map((attempt) => ({
      ...attempt,
      request: '{"resourceType":"Bundle"}',
      response: hostile,
    })),
  })),
};

/** What the fake engine was asked. */
export interface Asked {
  filters: MessageFilter[];
  traces: { id: string; bodies: boolean; by: Caller }[];
  bytes: { id: string; by: Caller }[];
  replays: { id: string; by: Caller }[];
  tokens: string[];
  logged: { says: string; facts: Facts }[];
}

/** A context with fixed answers; `changes` replaces parts of it. */
export function fakeContext(changes: Partial<ApiContext> = {}): { context: ApiContext; asked: Asked } {
  const asked: Asked = { filters: [], traces: [], bytes: [], replays: [], tokens: [], logged: [] };
  const write = (says: string, facts: Facts = {}) => void asked.logged.push({ says, facts });
  const log: Log = { debug: write, info: write, warn: write, error: write, with: () => log };
  const context: ApiContext = {
    log,
    status: async () => status,
    ready: async () => [{ name: 'database', ok: true, says: 'answers' }],
    messages: async (filter) => {
      asked.filters.push(filter);
      return messages.slice(0, filter.limit);
    },
    trace: async (id, { bodies, by }) => {
      asked.traces.push({ id, bodies, by });
      if (id !== trace.id) return undefined;
      return bodies ? withBodies : trace;
    },
    bytes: async (id, by) => {
      asked.bytes.push({ id, by });
      if (id !== trace.id) return undefined;
      return {
        size: original.length,
        read: () => Readable.from([original.subarray(0, 3), original.subarray(3)]),
      };
    },
    replay: async (id, by) => {
      asked.replays.push({ id, by });
      return id === trace.id ? { id, channel: 'adt' } : undefined;
    },
    queues: () => [],
    authorize: async (given) => {
      asked.tokens.push(given);
      return given === token ? { name: 'first' } : undefined;
    },
    metrics: async () => 'pipehat_received_total{channel="adt"} 2\n',
    ...changes,
  };
  return { context, asked };
}

function channel(name: string, address: string, to: string[], figures: Partial<Status['channels'][number]>) {
  return {
    name,
    source: { kind: 'mllp', address },
    to,
    received: 0,
    processed: 0,
    filtered: 0,
    failed: 0,
    rejected: 0,
    waiting: 0,
    oldest_waiting_ms: 0,
    connections: 2,
    ...figures,
  };
}

function destination(name: string, kind: string, figures: Partial<Status['destinations'][number]>) {
  return {
    name,
    kind,
    delivered: 0,
    waiting: 0,
    held: 0,
    ambiguous: 0,
    rejected: 0,
    oldest_waiting_ms: 0,
    ...figures,
  };
}
