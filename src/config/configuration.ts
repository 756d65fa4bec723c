/** A site's configuration: everything its files say, checked and compiled. */
import type { Body, DestinationDefinition, SourceDefinition } from '../component.ts';
import type { Mapping } from '../mapping/mapping.ts';
import type { Channel } from '../pipeline/channel.ts';
import type { Profile } from '../pipeline/profile.ts';
import type { ChannelTest } from './channel.ts';
import type { Site } from './site.ts';

/** The kinds of source and destination there are; `registry.ts` lists the built-in ones. */
export interface Registry {
  readonly sources: readonly SourceDefinition[];
  readonly destinations: readonly DestinationDefinition[];
}

/** A file of the site. */
export interface SiteFile {
  /** Relative to the site's folder, with `/`. */
  readonly file: string;
  readonly text: string;
}

/** A checked system file: a remote system, and how to deliver to it. */
export interface System {
  readonly name: string;
  readonly description: string;
  /** Its file, relative to the site's folder. */
  readonly file: string;
  /** What makes its destination. `options` are checked, with references still in them (see `reference.ts`). */
  readonly destination: {
    readonly definition: DestinationDefinition;
    readonly options: Readonly<Record<string, unknown>>;
  };
  readonly takes: Body['kind'];
  /** How many lanes its deliveries are spread over. */
  readonly lanes: number;
  /** What to do with a delivery that was sent and got no answer. */
  readonly unanswered: 'resend' | 'hold';
  readonly retry: Retry;
}

/** When a transient failure is tried again: waits grow from `first_ms` by doubling, up to `most_ms`. */
export interface Retry {
  readonly first_ms: number;
  readonly most_ms: number;
}

/** The configuration in force. */
export interface Configuration {
  readonly site: Site;
  readonly channels: readonly Channel[];
  readonly systems: readonly System[];
  /** By name; channels hold the ones they use. */
  readonly mappings: ReadonlyMap<string, Mapping>;
  /** By name; channels hold the ones they use. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** The tests that stand in the channel files. */
  readonly tests: readonly ChannelTest[];
  /** SHA-256 over paths and contents of all files, hex: the name of this version of the configuration. */
  readonly hash: string;
  /** The files themselves, by path. */
  readonly files: readonly SiteFile[];
}
