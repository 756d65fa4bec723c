/** `from`, `where`, `template` and `join`: how rules reach the text they work on. */
import { fieldDefinition, segmentDefinition, typeDefinition } from '../hl7/dictionary.ts';
import { everyGroupName } from '../hl7/grammar.ts';
import { PATH_PATTERN, type Path, parsePath } from '../hl7/path.ts';
import { NEWEST_VERSION } from '../hl7/version.ts';
import { didYouMean } from '../problem.ts';
import type { Place } from '../yaml.ts';
import { type Context, report } from './compiler.ts';
import { compileCondition, readPart } from './condition.ts';
import type { Here, Level } from './here.ts';
import { levelOf } from './here.ts';

/** A way to raw text. */
export interface Pieces {
  readonly path: Path | undefined;
  /** HL7 data type of a piece, where it is known. */
  readonly type: string | undefined;
  readonly level: Level;
  first(here: Here, raw: string): string;
  every(here: Here, raw: string): readonly string[];
}

const PART = /^([A-Z][A-Z0-9]{1,2})((?:\.[1-9]\d*){1,2})$/;

/** Compiles `from: PID-3` or, inside a data-type map, `from: CX.4`. */
export function compileFrom(context: Context, place: Place, from: string): Pieces | undefined {
  const [, type, numbers = ''] = PART.exec(from) ?? [];
  if (type !== undefined) return partPieces(context, place, type, numbers.slice(1).split('.').map(Number));
  const path = compilePath(context, place, from);
  if (path === undefined) return undefined;
  return {
    path,
    type: typeOf(path),
    level: levelOf(path),
    first: (here) => here.raw(path),
    every: (here) => here.raws(path),
  };
}

/** A path that the dictionary knows, or undefined and a problem. Z segments are the sender's own. */
export function compilePath(context: Context, place: Place, text: string): Path | undefined {
  if (!new RegExp(`^${PATH_PATTERN}$`).test(text)) {
    report(context, place, 'bad-path', `"${text}" is not an HL7 path such as PID-3 or OBX[*]-5.1`);
    return undefined;
  }
  const path = parsePath(text);
  const says = unknownPlace(path);
  if (says !== undefined) report(context, place, 'unknown-path', says);
  return path;
}

function unknownPlace({ groups, segment, field, component, subcomponent }: Path): string | undefined {
  const known = everyGroupName();
  const group = groups.find(({ name }) => !known.has(name));
  if (group !== undefined) return `HL7 has no group ${group.name}${didYouMean(group.name, known)}`;
  if (segment.startsWith('Z')) return undefined;
  const unknown = unknownSegment(segment);
  if (unknown !== undefined) return unknown;
  const definition = fieldDefinition(NEWEST_VERSION, segment, field);
  if (definition === undefined) return `${segment} has no field ${field}`;
  if (component === undefined) return undefined;
  const inner = unknownComponent(definition.type, component);
  if (inner !== undefined) return `${segment}-${field} is ${inner}`;
  const type = componentType(definition.type, component);
  const innermost =
    subcomponent === undefined || type === undefined ? undefined : unknownComponent(type, subcomponent);
  return innermost === undefined ? undefined : `${segment}-${field}.${component} is ${innermost}`;
}

/** What is wrong with the name of a segment. Z segments are the sender's own. */
export function unknownSegment(name: string): string | undefined {
  if (/^Z[A-Z0-9]{2}$/.test(name)) return undefined;
  return segmentDefinition(NEWEST_VERSION, name) === undefined ? `HL7 has no segment ${name}` : undefined;
}

/** A primitive type has itself as its only component. */
function unknownComponent(type: string, n: number): string | undefined {
  const count = typeDefinition(NEWEST_VERSION, type)?.components.length;
  if (count === undefined || count === 0 || n <= count) return undefined;
  return `of type ${type}, which has ${count} components, not ${n}`;
}

function componentType(type: string, n: number): string | undefined {
  return typeDefinition(NEWEST_VERSION, type)?.components[n - 1]?.type;
}

/** HL7 data type at a path, by the newest dictionary. */
function typeOf(path: Path): string | undefined {
  let type = fieldDefinition(NEWEST_VERSION, path.segment, path.field)?.type;
  for (const n of [path.component, path.subcomponent]) {
    if (n !== undefined && type !== undefined) type = componentType(type, n);
  }
  return type;
}

function partPieces(context: Context, place: Place, type: string, numbers: number[]): Pieces | undefined {
  const own = context.part.type;
  if (type !== own) {
    const says =
      own === undefined ? 'a part of a data type is read in its own map' : `the data type here is ${own}`;
    report(context, place, 'unknown-path', `${type}.${numbers.join('.')} can't be read here: ${says}`);
    return undefined;
  }
  const unknown = unknownComponent(type, numbers[0]!);
  if (unknown !== undefined) report(context, place, 'unknown-path', `this is ${unknown}`);
  let inner: string | undefined = type;
  for (const n of numbers) inner = inner === undefined ? undefined : componentType(inner, n);
  const { level } = context.part;
  const outer = numbers.slice(0, -1);
  const last = numbers.at(-1)!;
  const first = (here: Here, raw: string): string => {
    let piece = raw;
    let at = level;
    for (const n of outer) {
      piece = here.part(piece, at, n);
      at = deeper(at, 1);
    }
    return here.part(piece, at, last);
  };
  return {
    path: undefined,
    type: inner,
    level: deeper(level, numbers.length),
    first,
    every: (here, raw) => [first(here, raw)],
  };
}

function deeper(level: Level, by: number): Level {
  return Math.min(level + by, 2) as Level;
}

/** Only the repetitions of `pieces` that `where` allows. */
export function compileWhere(context: Context, place: Place, pieces: Pieces, where: string): Pieces {
  const { condition, problem } = compileCondition(where, pieces);
  if (problem !== undefined) {
    report(context, place, 'bad-expression', problem.says, { offset: problem.offset });
    return pieces;
  }
  return {
    ...pieces,
    first: (here, raw) => pieces.every(here, raw).find((piece) => condition(here, piece)) ?? '',
    every: (here, raw) => pieces.every(here, raw).filter((piece) => condition(here, piece)),
  };
}

/** Text made of several places; `''` where it gives none. */
export type MakeText = (here: Here, raw: string) => string;

/** Compiles `template: "urn:oid:{HD.2}"`. In a URI the values are percent-encoded (RFC 3986 §2.1). */
export function compileTemplate(context: Context, place: Place, template: string, uri: boolean): MakeText {
  const pieces: (string | { read: MakeText; optional: boolean })[] = [];
  let end = 0;
  for (const found of template.matchAll(/\{([^{}?]*)(\??)\}/g)) {
    if (found.index > end) pieces.push(template.slice(end, found.index));
    const reads = (found[1] ?? '').split('|').flatMap((path) => compileText(context, place, path) ?? []);
    pieces.push({ read: firstText(reads), optional: found[2] === '?' });
    end = found.index + found[0].length;
  }
  if (end < template.length) pieces.push(template.slice(end));
  return (here, raw) => {
    let text = '';
    for (const piece of pieces) {
      if (typeof piece === 'string') {
        text += piece;
        continue;
      }
      const value = piece.read(here, raw);
      if (value === '' && !piece.optional) return '';
      text += uri ? encodeURIComponent(value.toWellFormed()) : value;
    }
    return text;
  };
}

function firstText(reads: readonly MakeText[]): MakeText {
  const [only] = reads;
  if (reads.length === 1 && only !== undefined) return only;
  return (here, raw) => {
    for (const read of reads) {
      const text = read(here, raw);
      if (text !== '') return text;
    }
    return '';
  };
}

/** Compiles `join: [XCN.3, XCN.2]`: what has a value, with `separator` between. */
export function compileJoin(
  context: Context,
  place: Place,
  paths: readonly string[],
  separator: string,
): MakeText {
  const sources = paths.flatMap((path, index) => compileFrom(context, [...place, index], path) ?? []);
  return (here, raw) => {
    const found: string[] = [];
    for (const source of sources) {
      for (const piece of source.every(here, raw)) {
        const text = here.leaf(piece, source.level);
        if (text !== '') found.push(text);
      }
    }
    return found.join(separator);
  };
}

/** Text of one place: the first value at a path, or a part of the piece at hand. */
function compileText(context: Context, place: Place, from: string): MakeText | undefined {
  const part = PART.exec(from);
  if (part !== null && part[1] === context.part.type) {
    if (compileFrom(context, place, from) === undefined) return undefined;
    const numbers = part[2]!.slice(1).split('.').map(Number);
    return (here, raw) => readPart(here, raw, context.part.level, numbers);
  }
  const pieces = compileFrom(context, place, from);
  return pieces && ((here, raw) => here.leaf(pieces.first(here, raw), pieces.level));
}
