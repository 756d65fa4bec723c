/** What a run of the benchmark brings together. */
import type { FramingRate } from './framing.ts';
import type { Large } from './large.ts';
import type { Machine } from './machine.ts';
import type { MappingTime } from './mapping.ts';
import type { Flow } from './measure.ts';
import type { ReaderName } from './readers.ts';
import type { ReadingCost } from './reading.ts';
import type { Only } from './works.ts';

/** What the user asked for. */
export interface Settings {
  /** Name of the only work to be measured; undefined: all. */
  readonly only: string | undefined;
  readonly seconds: number;
  readonly connections: number;
}

/** A work: the engine, and the floor in its place. */
export interface Compared {
  readonly work: string;
  readonly title: string;
  /** Version of the embedded PostgreSQL. */
  readonly postgres: string;
  readonly engine: Flow;
  readonly floor: Flow;
}

/** All that was found. */
export interface Figures {
  readonly machine: Machine;
  readonly settings: Settings;
  readonly works: readonly Compared[];
  readonly large: Large | undefined;
  readonly mapping: readonly (MappingTime & { readonly messages: Only })[];
  readonly reading: readonly (ReadingCost & { readonly messages: Only; readonly reader: ReaderName })[];
  readonly framing: FramingRate | undefined;
}
