/** Reads mapping files from disk, for those who have no site configuration at hand. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MappingFile } from './compile.ts';

/** All mapping files under `SITE/mappings`, by path. */
export function readMappingFiles(site: string): MappingFile[] {
  const found = readdirSync(join(site, 'mappings'), { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && /\.(ya?ml|csv)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({
      file: path.slice(join(site, '/').length).replaceAll('\\', '/'),
      text: readFileSync(path, 'utf8'),
    }));
}
