/** What the files of a site owe each other: no name or port twice, nothing that nobody uses. */
import type { Channel } from '../pipeline/channel.ts';
import type { Problem } from '../problem.ts';
import { valueAt, type YamlFile } from '../yaml.ts';
import { SITE_FILE } from './folder.ts';
import type { Site } from './site.ts';

/** Every file whose name (the value of `key`) another one has already. */
export function duplicates(files: readonly YamlFile[], key: string): Problem[] {
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
export function nameIn(yaml: YamlFile, key: string): string | undefined {
  const name = valueAt(yaml.value, [key]);
  return typeof name === 'string' ? name : undefined;
}

/** What two listeners both want, such as a port. Port 0 is any free one. */
export function sharedResources(
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

/** Profiles that no channel names and no other profile extends. */
export function unusedProfiles(profiles: readonly YamlFile[], channels: readonly YamlFile[]): Problem[] {
  const used = new Set([
    ...channels.map((yaml) => valueAt(yaml.value, ['accept', 'profile'])),
    ...profiles.map((yaml) => valueAt(yaml.value, ['extends'])),
  ]);
  return profiles.flatMap((yaml): Problem[] => {
    const name = nameIn(yaml, 'profile');
    if (name === undefined || used.has(name)) return [];
    const says = `no channel has "profile: ${name}", and no other profile extends it`;
    return [{ ...yaml.problem(['profile'], 'unused-profile', says), level: 'warning' }];
  });
}
