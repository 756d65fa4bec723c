/**
 * What the standard says of segments, fields and data types in each version, as data of the package
 * `hl7v2-dictionary`. The package is large, so it is read at the first question, not on import.
 */
import { createRequire } from 'node:module';
import type { HL7Dictionary, HL7FieldDefinition } from 'hl7v2-dictionary';
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

/** The segment `name` in `version`; undefined when that version has none such. */
export function segmentDefinition(version: string, name: string): SegmentDefinition | undefined {
  const segment = own(dictionaryOf(version).segments, name);
  if (segment === undefined) return undefined;
  return { name, description: segment.desc ?? name, fields: Object.keys(segment.fields).length };
}

/** Field `n` of the segment `name` in `version`; undefined when that version has none such. */
export function fieldDefinition(version: string, name: string, n: number): FieldDefinition | undefined {
  const field = own(dictionaryOf(version).segments, name)?.fields[n];
  return field && toField(field, version, `${name}-${n}`);
}

/** The data type `name` in `version`; undefined when that version has none such. */
export function typeDefinition(version: string, name: string): TypeDefinition | undefined {
  const type = own(dictionaryOf(version).types, name);
  if (type === undefined) return undefined;
  const components = Object.values(type.fields ?? {}).map((field, i) =>
    toField(field, version, `${name}.${i + 1}`),
  );
  return { name, description: type.desc ?? name, components };
}

const USAGES: Readonly<Record<string, Usage>> = { R: 'required', C: 'conditional', B: 'backward' };

function toField(found: HL7FieldDefinition, version: string, place: string): FieldDefinition {
  const { desc, type, opt, rep, table, len } = { ...found, ...correctionOf(version, place) };
  return {
    name: desc ?? '',
    type,
    usage: USAGES[opt ?? ''] ?? 'optional',
    most: rep === 'infinite' ? Number.POSITIVE_INFINITY : (rep ?? 1),
    table,
    length: len,
  };
}

/** `record[key]`, if it is an entry of its own: `constructor` is no segment. */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

let dictionaries: Readonly<Record<string, HL7Dictionary>> | undefined;

function dictionaryOf(version: string): HL7Dictionary {
  dictionaries ??= createRequire(import.meta.url)('hl7v2-dictionary').dictionaries as Record<
    string,
    HL7Dictionary
  >;
  return dictionaries[nearestVersion(version, knownVersions)]!;
}
