/** What the parts of the compiler share: the definitions, the files by what they declare, and the problems found. */
import type { Definitions, ElementDefinition, TypeDefinition } from '../fhir/definitions.ts';
import type { Problem } from '../problem.ts';
import type { Place, YamlFile } from '../yaml.ts';
import type { CodeTable } from './codes.ts';
import type { PartContext } from './condition.ts';
import type { Here } from './here.ts';
import type { Standing } from './run.ts';
import type { SegmentFile, TypeFile } from './schema.ts';

/** One piece of raw text to a FHIR value; undefined where it gives none. */
export type Convert = (here: Here, raw: string) => unknown;

/** Gives values for one element: the first, or all. */
export interface Giver {
  one(here: Here, raw: string): unknown;
  all(here: Here, raw: string, values: unknown[]): void;
}

/** Rules of one object, compiled. */
export interface Fill {
  fill(here: Here, raw: string, filled: Record<string, unknown>): void;
  /** The first required element that is still missing. */
  missing(filled: Readonly<Record<string, unknown>>): string | undefined;
}

/** Rules that make an object, and the elements without which there is none. */
export interface ObjectRules {
  readonly rules: Record<string, unknown>;
  readonly needs?: readonly string[] | undefined;
}

/** The parts that call each other: rules hold conversions, conversions hold rules and data-type maps. */
export interface Nested {
  /** An object of a type, made by `rules:` at `place`, on top of what `base` gives. */
  object(context: Context, place: Place, made: ObjectRules, type: TypeDefinition, base?: Convert): Convert;
  /** The map from an HL7 data type to the type of an element, or to the resource type that a reference is to point at. */
  typeMap(context: Context, place: Place, hl7: string, element: ElementDefinition, target?: string): Convert;
}

/**
 * Makes a resource and adds it to the run, or says what it lacks: an element, or (neither `id` nor `missing`) an identity. A
 * part only adds to one that is there, so it lacks nothing.
 */
export type MakeResource = (
  here: Here,
  raw: string,
  standing: Standing,
) => { readonly id?: string; readonly missing?: string; readonly part?: true };

/** A file whose shape is right, with what it says. */
export interface Declared<T> {
  readonly yaml: YamlFile;
  readonly content: T;
}

/** A code table and the file it comes from. */
export interface DeclaredTable {
  readonly file: string;
  readonly table: CodeTable;
}

/** The state of one compilation. */
export interface Compiler {
  readonly definitions: Definitions;
  readonly nested: Nested;
  readonly tables: ReadonlyMap<string, DeclaredTable>;
  /** HL7 data type → FHIR type → its map. */
  readonly types: ReadonlyMap<string, ReadonlyMap<string, Declared<TypeFile>>>;
  /** `PID Patient` → its map. */
  readonly segments: ReadonlyMap<string, Declared<SegmentFile>>;
  readonly problems: Problem[];
  /** Files that something refers to. */
  readonly used: Set<string>;
  /** Conversions compiled so far, by data type, target and level. */
  readonly compiled: Map<string, { convert?: Convert }>;
  /** Resource types of optional steps. */
  readonly optional: Set<string>;
  /** Segment maps compiled so far. */
  readonly made: Map<string, MakeResource>;
}

/** `PL` of `PL-Room`: the data type or segment that a map is of, without the name that tells it from its like. */
export function unnamed(map: string): string {
  const end = map.indexOf('-');
  return end < 0 ? map : map.slice(0, end);
}

/** Where in the files the compiler is, and which piece rules there are about. */
export interface Context {
  readonly compiler: Compiler;
  readonly yaml: YamlFile;
  /** Data type and level of the piece at hand; level 0 and no type where a whole segment is. */
  readonly part: PartContext;
  /** Is there a piece at hand at all? */
  readonly piece: boolean;
  /** The segment at hand, where it is known: not within data-type maps. */
  readonly segment?: string | undefined;
}

/** Notes a problem at a place of the file. */
export function report(
  context: Context,
  place: Place,
  rule: string,
  says: string,
  options?: { key?: boolean; offset?: number },
): void {
  context.compiler.problems.push(context.yaml.problem(place, rule, says, options));
}
