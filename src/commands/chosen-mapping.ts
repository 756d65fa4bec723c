/** The mapping that a command is to run, with what it needs: of a site, or of Pipehat itself where there is no site. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SiteFile } from '../config/configuration.ts';
import { readFolder, SITE_FILE } from '../config/folder.ts';
import { siteOf } from '../config/lint.ts';
import { compileSite } from '../config/site.ts';
import { PipehatError } from '../errors.ts';
import { readDefinitions } from '../fhir/definitions.ts';
import { compileMappings } from '../mapping/compile.ts';
import type { Mapping, MappingContext } from '../mapping/mapping.ts';
import { didYouMean, formatProblem, type Problem } from '../problem.ts';
import { readYaml } from '../yaml.ts';

/** What the user asked for. */
export interface MappingChoice {
  readonly mapping: string;
  /** Folder of the site; default: the nearest at or above `cwd`. */
  readonly site: string | undefined;
  readonly time_zone: string | undefined;
  readonly cwd: string;
}

/** A mapping, ready to run. */
export interface ChosenMapping {
  readonly mapping: Mapping;
  readonly context: MappingContext;
}

/** Where the mappings that come with Pipehat are. */
const SHIPPED = fileURLToPath(new URL('../../', import.meta.url));

/** Throws `site-not-found`, `configuration-wrong` (only mappings and `pipehat.yaml` count), and `mapping-unknown`. */
export async function chooseMapping(choice: MappingChoice): Promise<ChosenMapping> {
  const folder = siteFolder(choice);
  const files = await readFolder(folder ?? SHIPPED);
  const { site, problems } = folder === undefined ? { problems: [] } : readSite(files);
  const mappingFiles = files.filter(({ file }) => file.startsWith('mappings/'));
  const compiled = compileMappings(mappingFiles, readDefinitions());
  refuse([...problems, ...compiled.problems]);
  const mapping = compiled.mappings.get(choice.mapping);
  if (mapping === undefined) {
    const hint = didYouMean(choice.mapping, compiled.mappings.keys());
    const facts = { mapping: choice.mapping, folder: folder ?? 'what comes with Pipehat', hint };
    throw new PipehatError('mapping-unknown', facts);
  }
  const time_zone = choice.time_zone ?? site?.time_zone ?? 'UTC';
  return { mapping, context: { tenant: site?.tenant ?? 'default', time_zone } };
}

function siteFolder({ site, cwd }: MappingChoice): string | undefined {
  if (site !== undefined) return siteOf(resolve(cwd, site));
  try {
    return siteOf(cwd);
  } catch (error) {
    if (error instanceof PipehatError && error.code === 'site-not-found') return undefined;
    throw error;
  }
}

function readSite(files: readonly SiteFile[]): ReturnType<typeof compileSite> {
  return compileSite(readYaml(SITE_FILE, files.find(({ file }) => file === SITE_FILE)?.text ?? ''));
}

/** Throws `configuration-wrong` where there are errors among the problems. */
export function refuse(problems: readonly Problem[]): void {
  const errors = problems.filter(({ level }) => level === undefined);
  const [first] = errors;
  if (first === undefined) return;
  throw new PipehatError('configuration-wrong', { count: errors.length, first: formatProblem(first) });
}
