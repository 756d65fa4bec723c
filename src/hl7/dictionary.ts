/**
 * What the standard says of segments, fields and data types in each version: the data of the package `hl7v2-dictionary`, which
 * `scripts/dictionary.ts` writes to `dictionary.json`. It is read at the first question, not on import.
 */
import { createRequire } from 'node:module';
import { correctionOf } from './dictionary-corrections.ts';
import { nearestVersion } from './version.ts';

/** A segment as a version defines it. */
export interface SegmentDefinition {
  readonly name: string;
  readonly description: string;
  /** How many fields the version has. */
  readonly fields: number;
}

/**
 * Must it have a value? `conditional`: where something holds that the standard says in prose. `backward`: only for old
 * senders' sake.
 */
export type Usage = 'required' | 'optional' | 'conditional' | 'backward';

/** A field, or a component of a data type. */
export interface FieldDefinition {
  /** As the standard words it: `Patient Identifier List`. */
  readonly name: string;
  /** Its data type, such as `CX`; `VARIES` where another field tells. */
  readonly type: string;
  readonly usage: Usage;
  /** How often it may stand there; Infinity where nothing limits it. */
  readonly most: number;
  /** Number of the HL7 table its codes are from. */
  readonly table: number | undefined;
  /** The most characters it may have. */
  readonly length: number | undefined;
}

/** A data type. `components` is empty for primitive ones. */
export interface TypeDefinition {
  readonly name: string;
  readonly description: string;
  readonly components: readonly FieldDefinition[];
}

/** The versions with definitions of their own, oldest first. Others read as the nearest older one. */
export const knownVersions: readonly string[] = [
  ...['2.1', '2.2', '2.3', '2.3.1', '2.4', '2.5', '2.5.1', '2.6', '2.7', '2.7.1', '2.8'],
];

/** A field as the data has it: name, type, optionality (R, O, C, B …), repetitions, table, length. */
export type FieldData = readonly [
  name: string,
  type: string,
  opt: string | null,
  rep: number | 'infinite' | null,
  table: number | null,
  len: number | null,
];

/** A segment or data type as the data has it: its description, then the numbers of its fields or components. */
export type PartsData = readonly [description: string, ...fields: number[]];

/** The whole data file. */
export interface DictionaryData {
  readonly fields: readonly FieldData[];
  readonly versions: Readonly<Record<string, VersionData>>;
}

interface VersionData {
  readonly segments: Readonly<Record<string, PartsData>>;
  readonly types: Readonly<Record<string, PartsData>>;
}

/** The segment `name` in `version`; undefined when that version has none such. */
export function segmentDefinition(version: string, name: string): SegmentDefinition | undefined {
  const segment = own(versionOf(version).segments, name);
  if (segment === undefined) return undefined;
  return { name, description: segment[0], fields: segment.length - 1 };
}

/** Field `n` of the segment `name` in `version`; undefined when that version has none such. */
export function fieldDefinition(version: string, name: string, n: number): FieldDefinition | undefined {
  const number = own(versionOf(version).segments, name)?.[n];
  return typeof number === 'number' ? toField(number, version, `${name}-${n}`) : undefined;
}

/** The data type `name` in `version`; undefined when that version has none such. */
export function typeDefinition(version: string, name: string): TypeDefinition | undefined {
  const type = own(versionOf(version).types, name);
  if (type === undefined) return undefined;
  const [description, ...fields] = type;
  const components = fields.map((number, i) => toField(number, version, `${name}.${i + 1}`));
  return { name, description, components };
}

const USAGES: Readonly<Record<string, Usage>> = { R: 'required', C: 'conditional', B: 'backward' };

function toField(number: number, version: string, place: string): FieldDefinition {
  const [name, type, opt, rep, table, len] = data().fields[number]!;
  const right = correctionOf(version, place);
  const most = right?.rep ?? rep;
  return {
    name,
    type: right?.type ?? type,
    usage: USAGES[right?.opt ?? opt ?? ''] ?? 'optional',
    most: most === 'infinite' ? Number.POSITIVE_INFINITY : (most ?? 1),
    table: table ?? undefined,
    length: right?.len ?? len ?? undefined,
  };
}

/** `record[key]`, if it is an entry of its own: `constructor` is no segment. */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

let loaded: DictionaryData | undefined;

function data(): DictionaryData {
  loaded ??= createRequire(import.meta.url)('./dictionary.json') as DictionaryData;
  return loaded;
}

function versionOf(version: string): VersionData {
  return data().versions[nearestVersion(version, knownVersions)]!;
}
