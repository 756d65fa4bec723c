/** The profile that a command is to judge by. */
import { relative, resolve } from 'node:path';
import { compileProfiles } from '../config/compile-profile.ts';
import { readFolder } from '../config/folder.ts';
import { siteOf } from '../config/lint.ts';
import { PipehatError } from '../errors.ts';
import type { Profile } from '../pipeline/profile.ts';
import { didYouMean } from '../problem.ts';
import { readYaml } from '../yaml.ts';
import { refuse } from './chosen-mapping.ts';

/** What the user asked for. */
export interface ProfileChoice {
  readonly profile: string;
  /** Folder of the site; default: the nearest at or above `cwd`. */
  readonly site: string | undefined;
  readonly cwd: string;
}

/** Throws `site-not-found`, `configuration-wrong` (only profiles count), and `profile-unknown`. */
export async function chooseProfile({ profile: name, site, cwd }: ProfileChoice): Promise<Profile> {
  const folder = siteOf(resolve(cwd, site ?? '.'));
  const files = (await readFolder(folder)).filter(({ file }) => /^profiles\/.*\.yaml$/.test(file));
  const { profiles, problems } = compileProfiles(files.map(({ file, text }) => readYaml(file, text)));
  refuse(problems);
  const profile = profiles.get(name);
  if (profile !== undefined) return profile;
  const facts = {
    profile: name,
    folder: relative(cwd, folder) || '.',
    hint: didYouMean(name, profiles.keys()),
  };
  throw new PipehatError('profile-unknown', facts);
}
