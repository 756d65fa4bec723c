/** A site's folder, read from disk. */
import { type Dirent, existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SiteFile } from './configuration.ts';

/** Name of the file that makes a folder a site. */
export const SITE_FILE = 'pipehat.yaml';

/** Folders whose files belong to the configuration. */
export const CONFIGURATION_FOLDERS = ['channels', 'systems', 'mappings', 'profiles'];

/**
 * Every file of the configuration, by path: `pipehat.yaml` and all that stands in {@link CONFIGURATION_FOLDERS}, but
 * hidden files and what editors leave behind (`~`).
 */
export async function readFolder(folder: string): Promise<SiteFile[]> {
  const names = await Promise.all(CONFIGURATION_FOLDERS.map((name) => filesUnder(folder, name)));
  const files = [SITE_FILE, ...names.flat()].filter((file) => existsSync(join(folder, file))).sort();
  return Promise.all(files.map(async (file) => ({ file, text: await readFile(join(folder, file), 'utf8') })));
}

async function filesUnder(folder: string, name: string): Promise<string[]> {
  if (!existsSync(join(folder, name))) return [];
  const entries = await readdir(join(folder, name), { withFileTypes: true });
  const visible = entries.filter((entry) => !entry.name.startsWith('.') && !entry.name.endsWith('~'));
  const found = visible.map(async (entry: Dirent): Promise<string[]> => {
    const path = `${name}/${entry.name}`;
    if (entry.isDirectory()) return filesUnder(folder, path);
    return [path];
  });
  return (await Promise.all(found)).flat();
}
