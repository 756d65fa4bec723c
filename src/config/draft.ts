/** A channel file on its way to a channel: what the parts of the compiler share. */
import type { SourceDefinition } from '../component.ts';
import type { Mapping } from '../mapping/mapping.ts';
import type { Profile } from '../pipeline/profile.ts';
import { didYouMean } from '../problem.ts';
import type { ChannelFile } from './channel.ts';
import type { System } from './configuration.ts';
import type { PathFile } from './expression.ts';

/** What a channel file may name. */
export interface Surroundings {
  readonly sources: readonly SourceDefinition[];
  /** Undefined stands for a system whose own file has problems. */
  readonly systems: ReadonlyMap<string, System | undefined>;
  readonly mappings: ReadonlyMap<string, Mapping>;
  /** Undefined stands for a profile whose own file has problems. */
  readonly profiles: ReadonlyMap<string, Profile | undefined>;
  /** Names of FHIR R4 resource types. */
  readonly resourceTypes: ReadonlySet<string>;
  /** Does the site have this file? */
  exists(file: string): boolean;
}

/** A file of the right shape, and what was found wrong in it so far. */
export interface Draft extends PathFile {
  /** What the file says, defaults filled in. */
  readonly file: ChannelFile;
  readonly around: Surroundings;
}

/** `there is no system "her" (did you mean ehr?)` */
export function unknown(what: string, name: string, known: Iterable<string>): string {
  return `there is no ${what} "${name}"${didYouMean(name, known)}`;
}
