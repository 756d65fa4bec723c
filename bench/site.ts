/** The site that the engine runs: one channel, one system, the mappings that come with Pipehat, defaults everywhere. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Work } from './works.ts';

/** Writes the site into `folder`. `receiver` is its `host:port`. */
export async function writeSite(folder: string, work: Work, receiver: string): Promise<void> {
  const [host, port] = receiver.split(':');
  const [step, system] =
    work.receiver === 'fhir'
      ? [{ transform: 'v2-to-fhir' }, { fhir: { base_url: `http://${receiver}/fhir` } }]
      : [{ set: { 'MSH-5': 'LAB' } }, { mllp: { host, port: Number(port) } }];
  const files = {
    'pipehat.yaml': { site: 'bench', time_zone: 'UTC', http: { port: 0 }, log: { level: 'warn' } },
    'channels/bench.yaml': {
      channel: 'bench',
      description: 'What is measured.',
      source: { mllp: { port: 0 } },
      accept: { messages: ['ADT^*', 'ORU^R01'] },
      order: 'patient',
      steps: [step],
      route: [{ to: 'receiver' }],
    },
    'systems/receiver.yaml': { system: 'receiver', description: 'Takes everything.', ...system },
  };
  for (const [file, content] of Object.entries(files)) {
    await mkdir(join(folder, file, '..'), { recursive: true });
    await writeFile(join(folder, file), stringify(content));
  }
  await cp(new URL('../mappings', import.meta.url), join(folder, 'mappings'), { recursive: true });
}
