/**
 * Wiring: from the files of a site and the environment to a running engine. With `cli.ts` the only place that reads the
 * environment, and the only one that knows all parts.
 */
import { randomBytes } from 'node:crypto';
import { constants, readFileSync } from 'node:fs';
import { access, mkdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve as resolvePath } from 'node:path';
import { createEngineContext } from './api/engine-context.ts';
import { createApi } from './api/server.ts';
import type { Configuration } from './config/configuration.ts';
import { loadConfiguration } from './config/load.ts';
import { type Resolve, resolveReferences } from './config/reference.ts';
import type { Site } from './config/site.ts';
import { type Engine, startEngine } from './engine/engine.ts';
import { createToken } from './engine/token.ts';
import { PipehatError } from './errors.ts';
import { readDefinitions } from './fhir/definitions.ts';
import { createLog, type Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import { createPostgresQueues, createRedisQueues, QUEUE_SCHEMA, type QueueBackend } from './queue/backend.ts';
import { registry } from './registry.ts';
import { type Keyring, openKeyring, parseMasterKey } from './security/keys.ts';
import { masterKeyFile } from './security/master-key.ts';
import { asStoreError, createPool, type Pool, waitForDatabase } from './store/database.ts';
import { enterDatabase, type Instance, isUsedByOthers } from './store/instance.ts';
import { addDataKey, readDataKeys } from './store/keys.ts';
import { migrate } from './store/migrate.ts';
import { readBacklogs } from './store/overview.ts';
import { startPostgres } from './store/postgres.ts';
import { hasToken } from './store/tokens.ts';

/** The environment: variables as the process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where things are. */
export interface SiteOptions {
  readonly env: Environment;
  /** Folder of the site: `pipehat.yaml`, `channels/`, `systems/`, `mappings/`. */
  readonly site: string;
  /** Data folder instead of the one that `pipehat.yaml` names. */
  readonly data: string | undefined;
}

/** The store of a site, open. */
export interface OpenStore {
  readonly pool: Pool;
  readonly url: string;
  readonly keyring: Keyring;
  /** The data folder. */
  readonly folder: string;
  /** Migrations that were applied now. */
  readonly migrated: readonly string[];
  /** Closes the connections; with `stop`, stops the embedded PostgreSQL too. */
  close(options: { stop: boolean }): Promise<void>;
  /** It is the embedded PostgreSQL. */
  readonly embedded: boolean;
  /** The embedded PostgreSQL was started now: nobody else uses it. */
  readonly startedPostgres: boolean;
}

/** Connections of the engine itself. Group commit needs few; reads of lanes and the API take the rest. */
const ENGINE_CONNECTIONS = 20;

/** How long a database may take to answer at start. */
const PATIENCE_MS = 10_000;

/**
 * Opens the site's store: the PostgreSQL of `DATABASE_URL`, or the embedded one in the data folder; migrated, with its
 * keys. Throws `folder-not-writable`, `postgres-…`, `store-…`, `master-key-…`.
 */
export async function openStore(
  options: SiteOptions,
  { data, tenant, master_key }: Site,
): Promise<OpenStore> {
  const { env, site } = options;
  const folder = resolvePath(site, options.data ?? data);
  await makeFolder(folder);
  const embedded = env.DATABASE_URL === undefined ? await startPostgres(folder) : undefined;
  const url = env.DATABASE_URL ?? embedded!.url;
  const pool = createPool({
    url,
    connections: ENGINE_CONNECTIONS,
    pipeline: true,
    name: `pipehat ${process.pid}`,
    // A connection that breaks while idle is replaced by the pool; whoever needs one next hears of trouble.
    onError: () => {},
  });
  const close = async ({ stop }: { stop: boolean }): Promise<void> => {
    // An engine may have come while a command looked into the store: its PostgreSQL is not ours to stop then.
    const used = stop && embedded !== undefined && (await isUsedByOthers(pool).catch(() => false));
    await pool.end();
    if (stop && !used) await embedded?.stop();
  };
  try {
    await waitForDatabase(pool, PATIENCE_MS);
    const migrated = await migrate(pool);
    const masterKey = await readMasterKey(options, master_key, folder);
    const keyring = await openKeyring(
      masterKey,
      tenant,
      {
        all: (tenant) => readDataKeys(pool, tenant),
        add: (tenant, wrapped) => addDataKey(pool, tenant, wrapped),
      },
      new Date(),
    );
    return {
      ...{ pool, url, keyring, folder, migrated, close },
      embedded: embedded !== undefined,
      startedPostgres: embedded?.started ?? false,
    };
  } catch (error) {
    await close({ stop: embedded?.started ?? false });
    throw asStoreError(error);
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new PipehatError('folder-not-writable', { folder, reason }, { cause });
  }
}

async function readMasterKey(
  options: SiteOptions,
  reference: string | undefined,
  folder: string,
): Promise<Buffer> {
  if (reference !== undefined) {
    const key = resolveReferences(reference, createResolve(options));
    return parseMasterKey(key, 'master_key');
  }
  return masterKeyFile(join(folder, 'master.key'));
}

/** What `${env:NAME}` and `${file:path}` stand for: a variable, or a file relative to the site's folder. */
export function createResolve({ env, site }: Pick<SiteOptions, 'env' | 'site'>): Resolve {
  return (reference) => {
    const [kind, ...rest] = reference.split(':');
    const name = rest.join(':');
    if (kind === 'env') {
      const value = env[name];
      if (value === undefined)
        throw new PipehatError('reference-unresolved', { reference, reason: 'not set' });
      return value;
    }
    try {
      return readFileSync(resolvePath(site, name), 'utf8').trim();
    } catch (cause) {
      const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown';
      throw new PipehatError('reference-unresolved', { reference, reason }, { cause });
    }
  };
}

/** The sandbox FHIR server, in a process of its own. */
export interface SandboxProcess {
  /** Its base URL. */
  readonly address: string;
  stop(): Promise<void>;
}

/** What starting needs beyond the site itself. */
export interface StartOptions extends SiteOptions {
  readonly version: string;
  /** Starts the sandbox that `pipehat.yaml` asks for; undefined: start none. */
  readonly startSandbox: ((port: number) => Promise<SandboxProcess>) | undefined;
}

/** A site that runs: engine, API, store. */
export interface RunningSite {
  readonly configuration: Configuration;
  readonly engine: Engine;
  /** `host:port` of the HTTP API. */
  readonly http: string;
  readonly queues: QueueBackend['kind'];
  /** Base URL of the sandbox, where one was started. */
  readonly sandbox: string | undefined;
  readonly store: OpenStore;
  /** The API's first token, when it was made now; it is not kept. */
  readonly token: string | undefined;
  /** In flow order, within `deadline_ms`. */
  stop(deadline_ms: number): Promise<void>;
}

/** Starts a site. Rejects with a PipehatError that says what to do; everything that was started is stopped then. */
export async function startSite(options: StartOptions): Promise<RunningSite> {
  const configuration = await loadConfiguration(options.site, { registry, definitions: readDefinitions() });
  const log = createLog(configuration.site.log);
  const store = await openStore(options, configuration.site);
  const undo: (() => Promise<void>)[] = [];
  const { pool, keyring } = store;
  try {
    const instance = await enter(store, log);
    undo.push(
      () => store.close({ stop: true }),
      () => instance.leave(),
    );
    const wanted = configuration.site.sandbox;
    const sandbox = wanted && (await options.startSandbox?.(wanted.port));
    if (sandbox !== undefined) undo.push(() => sandbox.stop());
    const { queues, close } = await openQueues(options.env, store, configuration, log);
    undo.push(close);
    const metrics = createMetrics(() => readBacklogs(pool));
    const engine = await startEngine({
      ...{ configuration, pool, queues, keyring, metrics, log },
      folder: store.folder,
      now: () => new Date(),
      random: Math.random,
      resolve: createResolve(options),
      run: `${new Date().toISOString()}-${randomBytes(4).toString('hex')}`,
      alone: instance.alone,
    });
    undo.push(() => engine.stop(STOP_SHARE_MS));
    const api = createApi(
      { ...configuration.site.http, version: options.version },
      createEngineContext({
        ...{ engine, pool, keyring, log },
        site: configuration.site.name,
        version: options.version,
        pingQueues: queues.ping,
        metrics: metrics.text,
      }),
    );
    undo.push(() => api.stop(500));
    await api.start();
    const token = await firstToken(pool, engine);
    const stop = async (deadline_ms: number): Promise<void> => {
      // Sources first, the database last.
      await engine.stop(deadline_ms * 0.7);
      await api.stop(deadline_ms * 0.1);
      await sandbox?.stop();
      await close();
      await instance.leave();
      await store.close({ stop: true });
    };
    return {
      ...{ configuration, engine, store, token, stop },
      http: api.address,
      queues: queues.kind,
      sandbox: sandbox?.address,
    };
  } catch (error) {
    // What never came to `undo` is the store of another Pipehat, or one that this process only looked at.
    if (undo.length === 0) await store.close({ stop: store.startedPostgres });
    for (const step of undo.reverse()) await step();
    throw asStoreError(error);
  }
}

/** What an engine gets to stop when another part didn't start. */
const STOP_SHARE_MS = 2000;

async function enter(store: OpenStore, log: Log): Promise<Instance> {
  return enterDatabase(store.pool, {
    folder: store.folder,
    host: hostname(),
    onLost: () => log.warn('the lock on the data folder was lost with its connection'),
    onBack: () => log.info('the lock on the data folder is held again'),
  });
}

async function openQueues(
  env: Environment,
  store: OpenStore,
  configuration: Configuration,
  log: Log,
): Promise<{ queues: QueueBackend; close: () => Promise<void> }> {
  const onError = (error: Error): void => log.warn('queue connection lost', { reason: error.message });
  if (env.REDIS_URL !== undefined) {
    const queues = await createRedisQueues({
      url: env.REDIS_URL,
      prefix: `pipehat-${configuration.site.name}`,
      onError,
    });
    return { queues, close: () => queues.close() };
  }
  const pool = createPool({
    url: store.url,
    schema: QUEUE_SCHEMA,
    // One for LISTEN for each queue, and some to share.
    connections: configuration.channels.length + configuration.systems.length + 10,
    name: `pipehat queues ${process.pid}`,
    onError,
  });
  return { queues: await createPostgresQueues(pool as never), close: () => pool.end() };
}

async function firstToken(pool: Pool, engine: Engine): Promise<string | undefined> {
  if (await hasToken(pool)) return undefined;
  return createToken(engine.acts, 'first');
}

/** The version in package.json. */
export async function readVersion(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
