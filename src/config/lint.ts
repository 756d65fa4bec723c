/** Lint of a site, one of its folders, or one of its files. */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { PipehatError } from '../errors.ts';
import type { Problem } from '../problem.ts';
import { SITE_FILE } from './folder.ts';
import { type LoadContext, loadFolder } from './load.ts';

/** Everything that is wrong at or under `path`. Files are checked within their site, so that names can be looked up. */
export async function lint(path: string, context: LoadContext): Promise<readonly Problem[]> {
  const folder = siteOf(path);
  const inside = relative(folder, resolve(path)).split(sep).join('/');
  const { problems } = await loadFolder(folder, context);
  return problems.filter(({ file }) => inside === '' || file === inside || file.startsWith(`${inside}/`));
}

/** The nearest folder at or above `path` that holds a `pipehat.yaml`; throws `site-not-found`. */
export function siteOf(path: string): string {
  const start = resolve(path);
  if (!existsSync(start)) throw new PipehatError('site-not-found', { path });
  let folder = start;
  while (!existsSync(join(folder, SITE_FILE))) {
    const parent = dirname(folder);
    if (parent === folder) throw new PipehatError('site-not-found', { path });
    folder = parent;
  }
  return folder;
}
