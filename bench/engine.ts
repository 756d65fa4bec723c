/** The engine, in a process of its own. */
import { type RunningSite, readVersion, startSite } from '../src/main.ts';
import { serve } from './child.ts';
import { readPeak, readUsage, resetPeak, type Usage } from './usage.ts';

let running: Promise<RunningSite> | undefined;

const answers = {
  /** Starts the site; gives `host:port` of its channel. */
  async start({ site, data }: { site: string; data: string }): Promise<string> {
    running = startSite({ env: {}, site, data, version: await readVersion(), startSandbox: undefined });
    const { engine } = await running;
    return engine.channels[0]!.source.address;
  },
  async usage(): Promise<Usage> {
    const { store } = await running!;
    return readUsage(store.pool, store.folder);
  },
  peak: readPeak,
  resetPeak,
  async postgresVersion(): Promise<string> {
    const { store } = await running!;
    const { rows } = await store.pool.query<{ server_version: string }>('show server_version');
    return rows[0]!.server_version;
  },
  async stop(): Promise<void> {
    await (await running)?.stop(5000);
  },
};

/** What the engine's process answers. */
export type EngineAnswers = typeof answers;

serve(answers);
