/** The engine as the API sees it. */
import type { Engine } from '../engine/engine.ts';
import { originalOf } from '../engine/original.ts';
import { replayMessage } from '../engine/replay.ts';
import { traceMessage } from '../engine/trace.ts';
import type { Log } from '../log.ts';
import type { Keyring } from '../security/keys.ts';
import { tokenHash } from '../security/tokens.ts';
import { auditAct } from '../store/audit.ts';
import type { Pool } from '../store/database.ts';
import {
  countDeliveries,
  countMessages,
  listMessages,
  readBacklogs,
  type StateCount,
} from '../store/overview.ts';
import { findToken } from '../store/tokens.ts';
import type { ApiContext } from './context.ts';
import type { MessageSummary } from './messages.schema.ts';
import type { Check, Status } from './status.schema.ts';

/** What the context is made of. */
export interface EngineContextOptions {
  readonly engine: Engine;
  readonly pool: Pool;
  readonly keyring: Keyring;
  readonly log: Log;
  readonly site: string;
  readonly version: string;
  /** Rejects when the queues don't answer. */
  readonly pingQueues: () => Promise<void>;
  readonly metrics: () => Promise<string>;
}

/** Gives the API its narrow view of a running engine. */
export function createEngineContext(options: EngineContextOptions): ApiContext {
  const { engine, pool, keyring, log } = options;
  return {
    log,
    status: () => statusOf(options),
    ready: async () => [
      await check('database', () => pool.query('select 1')),
      await check('queues', options.pingQueues),
      ...engine.channels.map(({ channel, source }) => ({
        name: `listener of ${channel.name}`,
        ok: source.address !== '',
        says: source.address === '' ? 'does not listen' : 'listens',
      })),
    ],
    async messages(filter) {
      const lines = await listMessages(pool, {
        ...filter,
        search: filter.patient === undefined ? undefined : keyring.hash('patient', filter.patient),
        since: filter.since === undefined ? undefined : new Date(filter.since),
        until: filter.until === undefined ? undefined : new Date(filter.until),
        before: filter.before === undefined ? undefined : Number(filter.before),
      });
      return lines.map(
        (line): MessageSummary => ({
          id: String(line.id),
          received_at: line.received_at.toISOString(),
          channel: line.channel,
          ...(line.type === '' ? {} : { type: line.type }),
          ...(line.control_id === '' ? {} : { control_id: line.control_id }),
          ...(line.version === '' ? {} : { version: line.version }),
          ...(line.sender === '' ? {} : { sender: line.sender }),
          state: line.state,
          ...(line.error_code === null ? {} : { error: line.error_code }),
          deliveries: line.deliveries,
        }),
      );
    },
    async trace(id, { bodies, by }) {
      const number = numberOf(id);
      if (number === undefined) return undefined;
      if (bodies) await auditAct(engine.acts, 'message', number, 'bodies shown', by.name);
      const charsetOf = (name: string) =>
        engine.channels.find(({ channel }) => channel.name === name)?.channel.accept.charset;
      return traceMessage(pool, keyring, number, { bodies, charsetOf });
    },
    async bytes(id, by) {
      const number = numberOf(id);
      if (number === undefined) return undefined;
      await auditAct(engine.acts, 'message', number, 'bytes given out', by.name);
      return originalOf(pool, keyring, number);
    },
    async replay(id, by) {
      const number = numberOf(id);
      if (number === undefined) return undefined;
      const { channel, lane } = await replayMessage(engine.acts, number, by.name);
      engine.channels.find((running) => running.channel.name === channel)?.lanes.wake(lane);
      return { id, channel };
    },
    queues: () => [...engine.channels, ...engine.systems].map(({ lanes }) => lanes.queue),
    async authorize(token) {
      const name = await findToken(pool, tokenHash(token));
      return name === undefined ? undefined : { name };
    },
    metrics: options.metrics,
  };
}

/** The store's number of a message; undefined for what can't be one. */
function numberOf(id: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(id) ? Number(id) : undefined;
}

async function check(name: string, probe: () => Promise<unknown>): Promise<Check> {
  try {
    await probe();
    return { name, ok: true, says: 'answers' };
  } catch {
    return { name, ok: false, says: 'does not answer' };
  }
}

async function statusOf({ engine, pool, site, version }: EngineContextOptions): Promise<Status> {
  const [messages, deliveries, backlogs] = await Promise.all([
    countMessages(pool),
    countDeliveries(pool),
    readBacklogs(pool),
  ]);
  const backlogOf = (kind: 'channel' | 'destination', name: string) => {
    const found = backlogs.find((backlog) => backlog.kind === kind && backlog.name === name);
    return { waiting: found?.depth ?? 0, oldest_waiting_ms: Math.round(found?.oldest_ms ?? 0) };
  };
  return {
    site,
    version,
    started_at: engine.started_at.toISOString(),
    channels: engine.channels.map(({ channel, source, connections }) => {
      const count = counter(messages, channel.name);
      const states = ['received', 'processed', 'filtered', 'failed', 'rejected'] as const;
      return {
        name: channel.name,
        source: { kind: channel.source.definition.type, address: source.address },
        to: channel.routes.map((route) => route.to),
        received: states.reduce((sum, state) => sum + count(state), 0),
        processed: count('processed'),
        filtered: count('filtered'),
        failed: count('failed'),
        rejected: count('rejected'),
        ...backlogOf('channel', channel.name),
        connections,
      };
    }),
    destinations: engine.systems.map(({ system }) => {
      const count = counter(deliveries, system.name);
      return {
        name: system.name,
        kind: system.destination.definition.type,
        delivered: count('acknowledged') + count('verified') + count('reconciled'),
        held: count('held'),
        ambiguous: count('ambiguous'),
        rejected: count('rejected'),
        ...backlogOf('destination', system.name),
      };
    }),
  };
}

function counter(counts: readonly StateCount[], name: string): (state: string) => number {
  const own = new Map(counts.filter((row) => row.name === name).map((row) => [row.state, row.count]));
  return (state) => own.get(state) ?? 0;
}
