/**
 * The engine: sources, channels, destinations and their lanes, joined to the store and the queues. Everything it needs
 * comes in as an argument; `main.ts` makes it.
 */
import type { Destination, Source } from '../component.ts';
import type { Configuration, System } from '../config/configuration.ts';
import { type Resolve, resolveOptions } from '../config/reference.ts';
import type { CanonicalEvent } from '../event.ts';
import type { Message } from '../hl7/message.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { createIntakeMemory } from '../network/memory.ts';
import type { Channel } from '../pipeline/channel.ts';
import type { QueueBackend } from '../queue/backend.ts';
import { type Lanes, queueName, startLanes } from '../queue/lanes.ts';
import type { Keyring } from '../security/keys.ts';
import { readStandings } from '../store/acknowledgements.ts';
import { dropUnusedAttachments } from '../store/attachments.ts';
import { anchorChains, auditAct, createWriter, type Writer } from '../store/audit.ts';
import { keepConfiguration } from '../store/configurations.ts';
import { asStoreError, type Pool } from '../store/database.ts';
import { endLeases } from '../store/lanes.ts';
import { createAcknowledger } from './acknowledge.ts';
import { createAcknowledged } from './acknowledged.ts';
import { createDeliver } from './deliver.ts';
import { createIntake } from './intake.ts';
import { createLeases } from './lease.ts';
import { type Owed, startOwed } from './owed.ts';
import { createProcess } from './process.ts';
import { createRecent } from './recent.ts';
import { SWEEP_MS, type Sweep, startSweep } from './sweep.ts';
import { createWatch } from './watch.ts';

/** What an engine is made of. */
export interface EngineOptions {
  readonly configuration: Configuration;
  readonly pool: Pool;
  readonly queues: QueueBackend;
  readonly keyring: Keyring;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly now: () => Date;
  readonly random: () => number;
  /** The site's data folder. */
  readonly folder: string;
  /** Gives what `${env:…}` and `${file:…}` stand for. */
  readonly resolve: Resolve;
  /** Names this run of the engine: no other run, here or elsewhere, has it. */
  readonly run: string;
  /** No other engine is on this database: what an earlier one left in the queues and as leases can go. */
  readonly alone: boolean;
  /** How often lanes are swept; five seconds unless told otherwise. Nothing should ever wait for a sweep. */
  readonly sweep_ms?: number;
}

/** A channel and its source, while the engine runs. */
export interface RunningChannel {
  readonly channel: Channel;
  readonly source: Source;
  readonly lanes: Lanes;
  /** Open connections of the source. */
  connections: number;
}

/** A system and its destination, while the engine runs. */
export interface RunningSystem {
  readonly system: System;
  readonly destination: Destination;
  readonly lanes: Lanes;
}

/** A running engine. */
export interface Engine {
  readonly channels: readonly RunningChannel[];
  readonly systems: readonly RunningSystem[];
  /** Writes what people do. */
  readonly acts: Writer;
  readonly started_at: Date;
  /** In flow order: sources, channels, destinations. What is under way after `deadline_ms` is cut off and recorded as such. */
  stop(deadline_ms: number): Promise<void>;
}

/** What is kept opened of messages and of events between one step and the next. */
const RECENT_BYTES = 16 * 1024 * 1024;

/** How often contents that no message has are looked for, and for how long they are kept. */
const CLEAN_MS = 60 * 60_000;
const KEEP_UNUSED_MS = 24 * 60 * 60_000;

/** How often the audit chains are joined, and keys looked after. */
const ANCHOR_MS = 60_000;

/** Starts everything, sources last. Rejects with a PipehatError, such as `port-in-use`; what was started is stopped then. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { configuration, pool, queues, keyring, metrics, log, now, run } = options;
  const hash = Buffer.from(configuration.hash, 'hex');
  const chain = (role: string): Writer =>
    createWriter({ pool, chain: `${run}/${role}`, sign: keyring.sign, now });
  const acts = chain('acts');
  const withLease = createLeases({ pool, owner: run, log });
  const channels: RunningChannel[] = [];
  const systems: RunningSystem[] = [];
  const stops: (() => Promise<void>)[] = [];
  const started_at = now();

  const wakeChannel = (name: string, lane: number): void => {
    channels.find(({ channel }) => channel.name === name)?.lanes.wake(lane);
  };
  const wakeSystem = (name: string, lane: number): void => {
    systems.find(({ system }) => system.name === name)?.lanes.wake(lane);
  };
  const lanesOf = (destination: string): number =>
    configuration.systems.find((system) => system.name === destination)?.lanes ?? 1;

  const recentMessages = createRecent<Message>(RECENT_BYTES);
  const recentEvents = createRecent<CanonicalEvent>(RECENT_BYTES);
  const watch = createWatch({ read: (ids) => readStandings(pool, ids) });
  let owed: Owed | undefined;
  const changed = (channel: string, message_id: number): void => {
    watch.changed(message_id);
    owed?.changed(channel, message_id);
  };
  const deliver = createDeliver({
    ...{ pool, keyring, metrics, log, now, withLease, recentEvents, changed },
    random: options.random,
    writer: chain('deliver'),
  });
  const process = createProcess({
    ...{ pool, keyring, metrics, log, now, withLease, lanesOf, recentMessages, recentEvents },
    tenant: configuration.site.tenant,
    time_zone: configuration.site.time_zone,
    configuration: hash,
    writer: chain('process'),
    wake: wakeSystem,
    changed,
  });
  const intake = createIntake({
    ...{ pool, keyring, metrics, log, now, recent: recentMessages },
    tenant: configuration.site.tenant,
    configuration: hash,
    writer: chain('intake'),
    acknowledger: createAcknowledger({ watch, metrics, log, now, writer: chain('acknowledge') }),
    acknowledged: createAcknowledged({ pool, log, writer: acts }),
    wake: wakeChannel,
  });

  const memory = createIntakeMemory(configuration.site.limits.intake_bytes);
  metrics.intakeMemory(() => memory.used_bytes);

  async function startSystem(system: System): Promise<RunningSystem> {
    const { definition, options: raw } = system.destination;
    const reread = () => resolveOptions(definition, raw, options.resolve) as never;
    const destination = definition.create(reread(), {
      name: system.name,
      folder: options.folder,
      log: log.with({ destination: system.name }),
      certificate: (ends) => metrics.certificate('destination', system.name, ends),
      reread,
    });
    const name = queueName('destination', system.name);
    const lanes = await startLanes({
      ...{ backend: queues, name, log, clear: options.alone },
      lanes: system.lanes,
      drain: deliver(system, destination),
    });
    return { system, destination, lanes };
  }

  async function startChannel(channel: Channel): Promise<RunningChannel> {
    const { definition, options: raw } = channel.source;
    const reread = () => resolveOptions(definition, raw, options.resolve) as never;
    const source = definition.create(reread(), {
      ...intake(channel),
      log: log.with({ channel: channel.name }),
      connections(open) {
        running.connections = open;
        metrics.connections(channel.name, open);
      },
      refused: (reason) => metrics.connectionRefused(channel.name, reason),
      keepAlive: () => metrics.keepAlive(channel.name),
      certificate: (ends) => metrics.certificate('channel', channel.name, ends),
      memory,
      reread,
    });
    const lanes = await startLanes({
      ...{ backend: queues, name: queueName('channel', channel.name), log, clear: options.alone },
      lanes: channel.lanes,
      drain: process(channel),
    });
    const running: RunningChannel = { channel, source, lanes, connections: 0 };
    return running;
  }

  async function stop(deadline_ms: number): Promise<void> {
    // Half of the time for messages that are being answered and mapped, a third for answers of receivers.
    watch.stop(deadline_ms / 6);
    await Promise.all(channels.map(({ source }) => source.stop(deadline_ms / 4)));
    for (const end of stops.splice(0)) await end();
    await Promise.all(channels.map(({ lanes }) => lanes.stop()));
    const draining = Promise.all(systems.map(({ lanes }) => lanes.stop()));
    await Promise.all(systems.map(({ destination }) => destination.stop(deadline_ms / 3)));
    await draining;
    await owed?.stop();
    await auditAct(acts, 'engine', run, 'stopped');
    await anchor();
  }

  async function anchor(): Promise<void> {
    const made = await anchorChains(pool, keyring.sign, now());
    // The log is the place outside the database where an anchor is published: keep it, and nobody can shorten a chain.
    if (made !== undefined) log.info('audit anchor', made);
  }

  try {
    if (options.alone) await endLeases(pool);
    await keepConfiguration(pool, hash, configuration.files);
    await auditAct(acts, 'engine', run, `started with configuration ${configuration.hash}`);
    // One after another, so that each that started is known to `stop` when the next one doesn't.
    for (const system of configuration.systems) systems.push(await startSystem(system));
    for (const channel of configuration.channels) channels.push(await startChannel(channel));
    const sweep: Sweep = await startSweep({
      pool,
      owner: run,
      every_ms: options.sweep_ms ?? SWEEP_MS,
      log,
      wake: (lane) => (lane.kind === 'channel' ? wakeChannel : wakeSystem)(lane.name, lane.lane),
    });
    stops.push(async () => sweep.stop());
    owed = startOwed({
      ...{ pool, keyring, log, now, lanesOf, channels: configuration.channels },
      writer: chain('owed'),
      wake: wakeSystem,
    });
    const housekeeping = setInterval(() => {
      Promise.all([anchor(), keyring.refresh(now())]).catch((error: Error) => {
        log.warn('housekeeping failed', { reason: error.message });
      });
    }, ANCHOR_MS);
    stops.push(async () => clearInterval(housekeeping));
    const cleaning = setInterval(() => {
      dropUnusedAttachments(pool, new Date(now().getTime() - KEEP_UNUSED_MS)).catch((error: Error) => {
        log.warn('unused attachments not removed', { reason: (asStoreError(error) as Error).message });
      });
    }, CLEAN_MS);
    stops.push(async () => clearInterval(cleaning));
    for (const { source } of channels) await source.start();
  } catch (error) {
    await stop(1000);
    throw error;
  }
  return { channels, systems, acts, started_at, stop };
}
