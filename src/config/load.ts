/** From the files of a site to its configuration, or to everything that is wrong with them. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipehatError } from '../errors.ts';
import type { Definitions } from '../fhir/definitions.ts';
import { compileMappings } from '../mapping/compile.ts';
import type { Channel } from '../pipeline/channel.ts';
import { formatProblem, hasErrors, type Problem, sortProblems } from '../problem.ts';
import { readYaml, type YamlFile } from '../yaml.ts';
import type { ChannelTest } from './channel.ts';
import { compileChannel } from './compile-channel.ts';
import { compileProfiles } from './compile-profile.ts';
import type { Configuration, Registry, SiteFile, System } from './configuration.ts';
import { duplicates, nameIn, sharedResources, unusedProfiles } from './conflicts.ts';
import { readFolder, SITE_FILE } from './folder.ts';
import { compileSite, type Site } from './site.ts';
import { compileSystem } from './system.ts';

/** What loading needs beyond the files. */
export interface LoadContext {
  readonly registry: Registry;
  readonly definitions: Definitions;
}

/** What came of a site's files. Beside a configuration, problems are warnings only. */
export interface Loaded {
  readonly configuration?: Configuration;
  /** By file, line and column. */
  readonly problems: readonly Problem[];
}

/** Reads and compiles the site in `folder`. */
export async function loadFolder(folder: string, context: LoadContext): Promise<Loaded> {
  const files = await readFolder(folder);
  return compileConfiguration(files, context, (file) => existsSync(join(folder, file)));
}

/** Like {@link loadFolder}; throws `configuration-wrong` when it can't be used. */
export async function loadConfiguration(folder: string, context: LoadContext): Promise<Configuration> {
  const { configuration, problems } = await loadFolder(folder, context);
  if (configuration !== undefined) return configuration;
  const found = problems.filter((problem) => problem.level === undefined);
  throw new PipehatError('configuration-wrong', { count: found.length, first: formatProblem(found[0]!) });
}

/** Reads `pipehat.yaml` alone: enough for who only looks into the store. Throws `configuration-wrong`. */
export async function readSite(folder: string): Promise<Site> {
  const text = await readFile(join(folder, SITE_FILE), 'utf8').catch(() => '');
  const { site, problems } = compileSite(readYaml(SITE_FILE, text));
  if (site !== undefined) return site;
  throw new PipehatError('configuration-wrong', {
    count: problems.length,
    first: formatProblem(problems[0]!),
  });
}

/** Compiles a site's files. Pure and total: whatever stands in them, it gives problems and doesn't throw. */
export function compileConfiguration(
  files: readonly SiteFile[],
  context: LoadContext,
  exists: (file: string) => boolean,
): Loaded {
  const problems: Problem[] = [];
  const collect = <T extends { readonly problems: readonly Problem[] }>(result: T): T => {
    problems.push(...result.problems);
    return result;
  };
  const under = (folder: string) => files.filter(({ file }) => file.startsWith(`${folder}/`));
  const { sources, destinations } = context.registry;

  const siteText = files.find(({ file }) => file === SITE_FILE)?.text ?? '';
  const siteYaml = readYaml(SITE_FILE, siteText);
  const { site } = collect(compileSite(siteYaml));

  const { mappings } = collect(compileMappings(under('mappings'), context.definitions));

  const yamlUnder = (folder: string) =>
    under(folder).flatMap(({ file, text }) => {
      const yaml = readYaml(file, text);
      if (file.endsWith('.yaml')) return [yaml];
      problems.push(yaml.problem([], 'unknown-file', 'expected a file with the ending .yaml'));
      return [];
    });
  const systemFiles = yamlUnder('systems');
  const systems = new Map<string, System | undefined>();
  for (const yaml of systemFiles) {
    const { system } = collect(compileSystem(yaml, destinations));
    const name = nameIn(yaml, 'system');
    if (name !== undefined) systems.set(name, system);
  }
  problems.push(...duplicates(systemFiles, 'system'));

  const profileFiles = yamlUnder('profiles');
  const { profiles } = collect(compileProfiles(profileFiles));
  problems.push(...duplicates(profileFiles, 'profile'));

  const channelFiles = yamlUnder('channels');
  const channels = new Map<YamlFile, Channel>();
  const tests: ChannelTest[] = [];
  const resourceTypes = new Set(context.definitions.resources);
  for (const yaml of channelFiles) {
    const compiled = collect(
      compileChannel(yaml, { sources, systems, mappings, profiles, resourceTypes, exists }),
    );
    if (compiled.channel !== undefined) channels.set(yaml, compiled.channel);
    tests.push(...compiled.tests);
  }
  problems.push(...duplicates(channelFiles, 'channel'));
  problems.push(...unusedProfiles(profileFiles, channelFiles));
  if (site !== undefined) problems.push(...sharedResources(site, siteYaml, channels));

  const sorted = sortProblems(problems);
  if (site === undefined || hasErrors(problems)) return { problems: sorted };
  return {
    configuration: {
      site,
      channels: [...channels.values()],
      systems: [...systems.values()].filter((system) => system !== undefined),
      mappings,
      profiles: new Map([...profiles].flatMap(([name, profile]) => (profile ? [[name, profile]] : []))),
      tests,
      hash: hashOf(files),
      files,
    },
    problems: sorted,
  };
}

/** SHA-256 over the files by path, hex. */
function hashOf(files: readonly SiteFile[]): string {
  const sorted = files.toSorted((a, b) => (a.file < b.file ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify(sorted.map(({ file, text }) => [file, text])))
    .digest('hex');
}
