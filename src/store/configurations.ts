/** Configurations that were in force, by content hash, with their files. */
import type { Queryable } from './database.ts';

/** A file of a configuration: its path relative to the site's folder, and its text. Configurations hold no PHI and no secret. */
export interface ConfigurationFile {
  readonly file: string;
  readonly text: string;
}

/** Keeps a configuration. True when it wasn't there before. */
export async function keepConfiguration(
  db: Queryable,
  hash: Buffer,
  files: readonly ConfigurationFile[],
): Promise<boolean> {
  const { rowCount } = await db.query({
    text: 'insert into configuration (hash, files) values ($1, $2) on conflict do nothing',
    values: [hash, JSON.stringify(files)],
  });
  return rowCount === 1;
}
