/**
 * An engine with a source and destinations that the test holds in its hands; store, queues, lanes and keys are real.
 */
import { randomBytes } from 'node:crypto';
import Type from 'typebox';
import type {
  Accept,
  Attempt,
  Delivery,
  DestinationDefinition,
  SourceDefinition,
} from '../../src/component.ts';
import type { Configuration, System } from '../../src/config/configuration.ts';
import { type Engine, startEngine } from '../../src/engine/engine.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { Channel } from '../../src/pipeline/channel.ts';
import {
  createPostgresQueues,
  createRedisQueues,
  QUEUE_SCHEMA,
  type QueueBackend,
} from '../../src/queue/backend.ts';
import { type Keyring, openKeyring } from '../../src/security/keys.ts';
import { createPool } from '../../src/store/database.ts';
import { addDataKey, readDataKeys } from '../../src/store/keys.ts';
import { createDatabase, type TestDatabase } from './postgres.ts';
import { redisUrl } from './redis.ts';

/** What a test destination answers. */
export type Receiver = (delivery: Delivery) => Promise<Attempt>;

export const accepted: Attempt = { outcome: 'accepted', status: 'AA', request: 'sent', response: 'got' };

/** One engine on a database of its own. */
export interface World {
  readonly database: TestDatabase;
  readonly keyring: Keyring;
  readonly metrics: ReturnType<typeof createMetrics>;
  engine: Engine;
  /** Sends a message into channel `adt`, over connection 1 or another, and gives the ACK as text. */
  send(text: string | Uint8Array, connection?: number): Promise<string>;
  /** Stops this engine and starts another on the same database. */
  restart(): Promise<void>;
  /** Resolves when `condition` holds; rejects after ten seconds. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>;
  rows<Row>(sql: string, values?: unknown[]): Promise<Row[]>;
  end(): Promise<void>;
}

/** Starts one. `receivers` are the destinations by name; each gets every message as HL7. */
export async function createWorld(options: {
  backend: 'postgres' | 'redis';
  receivers: Readonly<Record<string, Receiver>>;
  /** How often lanes are swept. Without it never, after the start: no test shall pass because a sweep mended something. */
  sweep_ms?: number;
  channel?: Partial<Channel>;
  system?: Partial<System>;
}): Promise<World> {
  const database = await createDatabase();
  const masterKey = randomBytes(32);
  const keys = {
    all: (tenant: string) => readDataKeys(database.pool, tenant),
    add: (tenant: string, wrapped: Buffer) => addDataKey(database.pool, tenant, wrapped),
  };
  const keyring = await openKeyring(masterKey, 'test', keys, new Date());
  const metrics = createMetrics(async () => []);
  let accept: Accept = async () => ({ bytes: undefined, error: undefined });
  let closeQueues = async (): Promise<void> => {};

  async function openQueues(): Promise<QueueBackend> {
    if (options.backend === 'redis') {
      const queues = await createRedisQueues({ url: await redisUrl(), prefix: 'pipehat', onError: () => {} });
      closeQueues = queues.close;
      return queues;
    }
    const pool = createPool({
      url: database.url,
      schema: QUEUE_SCHEMA,
      connections: 12,
      name: 'pipehat test queues',
      onError: () => {},
    });
    closeQueues = async () => {
      await pool.end();
    };
    return createPostgresQueues(pool as never);
  }

  const source: SourceDefinition = {
    type: 'test',
    summary: '',
    options: Type.Object({}),
    resources: () => [],
    create: (_, context) => ({
      address: 'test',
      start: async () => {
        accept = context.accept;
      },
      stop: async () => {},
    }),
  };
  const systems = Object.entries(options.receivers).map(([name, receiver]): System => {
    const definition: DestinationDefinition = {
      type: 'test',
      summary: '',
      options: Type.Object({}),
      takes: () => 'hl7',
      create: () => ({ deliver: receiver, ping: async () => {}, stop: async () => {} }),
    };
    return {
      ...{
        name,
        description: '',
        file: '',
        takes: 'hl7',
        lanes: 4,
        unanswered: 'resend',
        retry: { first_ms: 10, most_ms: 50 },
      },
      destination: { definition, options: {} },
      ...options.system,
    };
  });
  const channel: Channel = {
    ...{
      name: 'adt',
      description: '',
      file: '',
      order: 'patient',
      lanes: 4,
      steps: [],
      lift_from_bytes: 65_536,
    },
    source: { definition: source, options: {} },
    accept: { messages: [{ code: 'ADT', event: '*' }], versions: { from: '2.3', to: '2.8' } },
    ack: {
      ...{ when: 'stored', timeout_ms: 5000, mode: 'auto' },
      ...{ application_to: undefined, only_aa: false },
    },
    routes: systems.map((system) => ({
      label: '',
      when: undefined,
      to: system.name,
      takes: 'hl7',
      write: undefined,
    })),
    ...options.channel,
  };
  const configuration: Configuration = {
    site: {
      ...{ name: 'test', tenant: 'test', time_zone: 'UTC', limits: { intake_bytes: 1e8 } },
    } as Configuration['site'],
    channels: [channel],
    systems,
    mappings: new Map(),
    profiles: new Map(),
    tests: [],
    hash: '00'.repeat(32),
    files: [],
  };

  const start = async (): Promise<Engine> =>
    startEngine({
      configuration,
      pool: database.pool,
      queues: await openQueues(),
      keyring,
      metrics,
      log: createLog({ level: process.env.TEST_LOG ?? 'error', form: 'text' }),
      now: () => new Date(),
      random: Math.random,
      folder: '.',
      resolve: (reference) => reference,
      run: randomBytes(4).toString('hex'),
      alone: true,
      sweep_ms: options.sweep_ms ?? 3_600_000,
    });

  const world: World = {
    database,
    keyring,
    metrics,
    engine: await start(),
    async send(text, connection = 1) {
      const bytes = typeof text === 'string' ? Buffer.from(text) : text;
      const from = { protocol: 'test', local: 'here', remote: 'there', connection };
      const { bytes: answer = new Uint8Array() } = await accept(bytes, from);
      return Buffer.from(answer).toString();
    },
    async restart() {
      await world.engine.stop(4000);
      await closeQueues();
      world.engine = await start();
    },
    async until(condition) {
      const deadline = performance.now() + 10_000;
      while (!(await condition())) {
        if (performance.now() > deadline) throw new Error(`still not so after 10 s: ${condition}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    rows: async <Row>(sql: string, values: unknown[] = []) =>
      (await database.pool.query(sql, values)).rows as Row[],
    async end() {
      await world.engine.stop(4000);
      await closeQueues();
      await database.drop();
    },
  };
  return world;
}

/** An ADT^A08 of a patient, with a control id and anything else in its last field. */
export function adt(patient: string, control_id: string, rest = ''): string {
  return `MSH|^~\\&|HIS|GHH|PIPEHAT|GHH|20260101120000||ADT^A08|${control_id}|P|2.5\rEVN|A08|20260101120000\rPID|1||${patient}^^^GHH^MR||Winterfrost^Ottilie||19500101|F\rPV1|1|I||||||||||||||||||${rest}\r`;
}
