/** From the files of a site to its configuration, or to everything that is wrong with them. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PipehatError } from '../errors.ts';
import type { Channel } from '../pipeline/channel.ts';
import type { Mapping } from '../pipeline/transform.ts';
import { formatProblem, hasErrors, type Problem, sortProblems } from '../problem.ts';
import { readYaml, valueAt, type YamlFile } from '../yaml.ts';
import type { ChannelTest } from './channel.ts';
import { compileChannel } from './compile-channel.ts';
import type { Configuration, Registry, SiteFile, System } from './configuration.ts';
import { readFolder, SITE_FILE } from './folder.ts';
import { compileSite, type Site } from './site.ts';
import { compileSystem } from './system.ts';

/** What loading needs beyond the files. */
export interface LoadContext {
  readonly registry: Registry;
  /** Names of FHIR R4 resource types. */
  readonly resourceTypes: ReadonlySet<string>;
  /** Compiles the mapping files. */
  readonly compileMappings: (files: readonly SiteFile[]) => {
    readonly mappings: ReadonlyMap<string, Mapping>;
    readonly problems: readonly Problem[];
  };
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

  const { mappings } = collect(context.compileMappings(under('mappings')));

  const systemFiles = under('systems').map(yamlOf);
  const systems = new Map<string, System | undefined>();
  for (const yaml of systemFiles) {
    const { system } = collect(compileSystem(yaml, destinations));
    const name = nameIn(yaml, 'system');
    if (name !== undefined) systems.set(name, system);
  }
  problems.push(...duplicates(systemFiles, 'system'));

  const channelFiles = under('channels').map(yamlOf);
  const channels = new Map<YamlFile, Channel>();
  const tests: ChannelTest[] = [];
  const { resourceTypes } = context;
  for (const yaml of channelFiles) {
    const compiled = collect(compileChannel(yaml, { sources, systems, mappings, resourceTypes, exists }));
    if (compiled.channel !== undefined) channels.set(yaml, compiled.channel);
    tests.push(...compiled.tests);
  }
  problems.push(...duplicates(channelFiles, 'channel'));
  if (site !== undefined) problems.push(...sharedResources(site, siteYaml, channels));

  const sorted = sortProblems(problems);
  if (site === undefined || hasErrors(problems)) return { problems: sorted };
  return {
    configuration: {
      site,
      channels: [...channels.values()],
      systems: [...systems.values()].filter((system) => system !== undefined),
      tests,
      hash: hashOf(files),
      files,
    },
    problems: sorted,
  };
}

function yamlOf({ file, text }: SiteFile): YamlFile {
  return readYaml(file, text);
}

/** SHA-256 over the files by path, hex. */
function hashOf(files: readonly SiteFile[]): string {
  const sorted = files.toSorted((a, b) => (a.file < b.file ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify(sorted.map(({ file, text }) => [file, text])))
    .digest('hex');
}

/** Every file whose name (the value of `key`) another one has already. */
function duplicates(files: readonly YamlFile[], key: string): Problem[] {
  const seen = new Map<string, string>();
  return files.flatMap((yaml) => {
    const name = nameIn(yaml, key);
    const first = name === undefined ? undefined : seen.get(name);
    if (first !== undefined) {
      return [yaml.problem([key], 'duplicate-name', `${first} has the name "${name}" already`)];
    }
    if (name !== undefined) seen.set(name, yaml.file);
    return [];
  });
}

/** The name that a file gives itself, be the rest of it right or wrong. */
function nameIn(yaml: YamlFile, key: string): string | undefined {
  const name = valueAt(yaml.value, [key]);
  return typeof name === 'string' ? name : undefined;
}

/** What two listeners both want, such as a port. Port 0 is any free one. */
function sharedResources(
  site: Site,
  siteYaml: YamlFile,
  channels: ReadonlyMap<YamlFile, Channel>,
): Problem[] {
  const owners = new Map([[`tcp:${site.http.port}`, `http of ${SITE_FILE}`]]);
  const problems: Problem[] = [];
  const claim = (resource: string, owner: string, problem: (says: string) => Problem) => {
    const first = owners.get(resource);
    if (first !== undefined) problems.push(problem(`${resource} is taken by ${first}`));
    else if (resource !== 'tcp:0') owners.set(resource, owner);
  };
  if (site.sandbox !== undefined) {
    claim(`tcp:${site.sandbox.port}`, `sandbox of ${SITE_FILE}`, (says) =>
      siteYaml.problem(['sandbox', 'port'], 'shared-resource', says),
    );
  }
  for (const [yaml, { source }] of channels) {
    const { type } = source.definition;
    for (const resource of source.definition.resources(source.options)) {
      claim(resource, yaml.file, (says) => yaml.problem(['source', type], 'shared-resource', says));
    }
  }
  return problems;
}
