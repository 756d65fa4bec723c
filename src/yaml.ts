/**
 * YAML files that people edit: read with positions, checked against a schema, all problems at once.
 *
 * A place inside a file is a list of keys, such as `['route', 0, 'to']`; `problem` turns it into line and column.
 */
import type { TSchema } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { Settings } from 'typebox/system';
import { Default, Errors } from 'typebox/value';
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { didYouMean, type Problem } from './problem.ts';

/** Keys and list positions from the root of a file down to a place in it. */
export type Place = readonly (string | number)[];

/** A file that was read: its value, and where each part of it stands. */
export interface YamlFile {
  readonly file: string;
  /** Plain JSON value; undefined when the file can't be read as YAML. */
  readonly value: unknown;
  /** Syntax errors, duplicate keys, tags. */
  readonly problems: readonly Problem[];
  /** A problem at `place`, or at the key that leads to it; `offset` counts characters into a scalar's text. */
  problem(place: Place, rule: string, says: string, options?: { key?: boolean; offset?: number }): Problem;
}

/** Reads YAML 1.2. Never throws: what can't be read is in `problems`. */
export function readYaml(file: string, text: string): YamlFile {
  const lines = new LineCounter();
  const at = (offset: number, rule: string, says: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), rule, says };
  };
  const { document, value, problems } = parse(text, lines, at);
  return {
    file,
    value,
    problems,
    problem(place, rule, says, options = {}) {
      return at(offsetOf(document?.contents ?? null, place, options), rule, says);
    },
  };
}

/**
 * `parseDocument` overflows the stack on thousands of nested brackets, and `toJS` throws on aliases that lead nowhere
 * or multiply beyond reason: those texts are problems as well.
 */
function parse(
  text: string,
  lines: LineCounter,
  at: (offset: number, rule: string, says: string) => Problem,
): { document?: Document; value: unknown; problems: Problem[] } {
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const problems = [...document.errors, ...document.warnings].map((error) =>
      at(error.pos[0], 'yaml', `${firstLine(error.message)}${tagHint(error.code)}`),
    );
    return { document, value: problems.length > 0 ? undefined : document.toJS(), problems };
  } catch (error) {
    return {
      value: undefined,
      problems: [at(0, 'yaml', `can't be read: ${firstLine((error as Error).message)}`)],
    };
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

/** A condition such as `!PID-29` is a tag to YAML. */
function tagHint(code: string): string {
  return code === 'TAG_RESOLVE_FAILED' ? ' (put text that begins with "!" in quotes)' : '';
}

/** Offset of a place. Follows the keys as far as the file has them, so a missing key points at what should hold it. */
function offsetOf(root: Node | null, place: Place, options: { key?: boolean; offset?: number }): number {
  let node: unknown = root;
  let start = root?.range?.[0] ?? 0;
  for (const [depth, step] of place.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) break;
      const keyStart = (pair.key as Node).range?.[0] ?? start;
      const wantsKey = options.key === true && depth === place.length - 1;
      node = pair.value;
      start = (wantsKey ? undefined : startOf(node)) ?? keyStart;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      const itemStart = startOf(node);
      if (itemStart === undefined) break;
      start = itemStart;
    } else break;
  }
  return start + scalarOffset(node, options.offset);
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** Quotes shift the text of a scalar by one. Block scalars point at their start. */
function scalarOffset(node: unknown, offset: number | undefined): number {
  if (offset === undefined || !isScalar(node)) return 0;
  if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') return offset + 1;
  return node.type === 'PLAIN' ? offset : 0;
}

/** The part of a plain value at a place, or undefined. */
export function valueAt(value: unknown, place: Place): unknown {
  return place.reduce<unknown>((inner, step) => {
    return typeof inner === 'object' && inner !== null && Object.hasOwn(inner, step)
      ? (inner as Record<string | number, unknown>)[step]
      : undefined;
  }, value);
}

/** A copy of `value` with the defaults of the schema where keys are missing. */
export function withDefaults(schema: TSchema, value: unknown): unknown {
  return Default(schema, structuredClone(value));
}

/**
 * Checks a file's value, or the part of it at `place`, against a TypeBox schema; keys with a default may be missing.
 * Unknown keys are problems, with the nearest known key. Of alternatives that all fail, the one of the value's own
 * kind speaks; when there is none, what the alternatives are is said.
 */
export function checkShape(schema: TSchema, yaml: YamlFile, place: Place = []): Problem[] {
  const value = withDefaults(schema, valueAt(yaml.value, place));
  const errors = allErrors(schema, value);
  const unions = errors.filter((error) => error.keyword === 'anyOf');
  return errors
    .filter((error) => !unions.some((union) => isSilent(schema, value, error, union)))
    .flatMap((error) => shapeProblems(schema, value, yaml, place, error));
}

type ShapeError = TLocalizedValidationError;

/** What is read of a schema to explain an error. */
interface JsonSchema {
  readonly type?: string;
  readonly title?: string;
  readonly const?: unknown;
  readonly properties?: object;
  readonly anyOf?: readonly JsonSchema[];
}

/** TypeBox stops after 8 errors, by a setting of the whole process: lifted for the length of this call. */
function allErrors(schema: TSchema, value: unknown): ShapeError[] {
  const { maxErrors } = Settings.Get();
  Settings.Set({ maxErrors: Number.POSITIVE_INFINITY });
  try {
    return Errors(schema, value);
  } finally {
    Settings.Set({ maxErrors });
  }
}

/** What one error of TypeBox means to the person who wrote the file. */
function shapeProblems(
  schema: TSchema,
  value: unknown,
  yaml: YamlFile,
  place: Place,
  error: ShapeError,
): Problem[] {
  const inner = pointer(error.instancePath);
  const here = [...place, ...inner];
  const known = () => Object.keys(schemaAt(schema, error.schemaPath).properties ?? {});
  switch (error.keyword) {
    case 'additionalProperties':
      return error.params.additionalProperties.map((key) => {
        const says = `"${key}" is not a key here${didYouMean(key, known())}; known: ${known().join(', ')}`;
        return yaml.problem([...here, key], 'unknown-key', says, { key: true });
      });
    case 'required':
      return error.params.requiredProperties.map((key) =>
        yaml.problem(here, 'missing-key', `expected a key "${key}"${holder(here)}`, { key: true }),
      );
    case 'minProperties':
      return [
        yaml.problem(here, 'missing-key', `expected one of the keys ${known().join(', ')}`, { key: true }),
      ];
    case 'maxProperties':
      return [yaml.problem(here, 'wrong-value', `expected only one of the keys ${known().join(', ')}`)];
    case 'boolean':
      return []; // said by additionalProperties
    default: {
      const found = describe(valueAt(value, inner));
      return [
        yaml.problem(here, 'wrong-value', `${nameAt(here)} ${expectation(schema, error)}, found ${found}`),
      ];
    }
  }
}

function expectation(schema: TSchema, error: ShapeError): string {
  switch (error.keyword) {
    case 'anyOf':
      return `must be one of ${alternatives(schema, error).map(nameOf).join(', ')}`;
    case 'enum':
      return `must be one of ${error.params.allowedValues.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'const':
      return `must be ${JSON.stringify(error.params.allowedValue)}`;
    default:
      return error.message;
  }
}

/** Is `error` said better by another one? See {@link checkShape} for which of several alternatives speaks. */
function isSilent(schema: TSchema, value: unknown, error: ShapeError, union: ShapeError): boolean {
  if (!isInside(error.instancePath, union.instancePath)) return false;
  const own = ownKind(alternatives(schema, union), valueAt(value, pointer(union.instancePath)));
  if (error === union) return own !== undefined;
  if (!error.schemaPath.startsWith(`${union.schemaPath}/anyOf/`)) return false;
  return own === undefined || !isInside(error.schemaPath, `${union.schemaPath}/anyOf/${own}`);
}

function isInside(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}/`);
}

/** The only alternative whose JSON type is that of the value. */
function ownKind(options: readonly JsonSchema[], value: unknown): number | undefined {
  const kind = Array.isArray(value) ? 'array' : typeof value;
  const fitting = options.flatMap((option, i) => (option.type === kind && !('const' in option) ? [i] : []));
  return fitting.length === 1 ? fitting[0] : undefined;
}

function alternatives(schema: TSchema, union: ShapeError): readonly JsonSchema[] {
  return schemaAt(schema, union.schemaPath).anyOf ?? [];
}

/** Words for an alternative: a constant as it is, a shape by its title, keys or type. */
function nameOf(option: JsonSchema): string {
  if ('const' in option) return JSON.stringify(option.const);
  if (option.title !== undefined) return String(option.title);
  if (option.properties !== undefined) return `{ ${Object.keys(option.properties).join(', ')} }`;
  return String(option.type ?? 'another shape');
}

/** The key at the end of a place, with the position in its list: `"messages[1]"`. */
function nameAt(here: Place): string {
  const key = here.findLastIndex((step) => !/^\d+$/.test(String(step)));
  const positions = here.slice(key + 1).map((step) => `[${step}]`);
  return key < 0 ? `the file${positions.join('')}` : `"${here[key]}${positions.join('')}"`;
}

function holder(here: Place): string {
  return here.length === 0 ? '' : ` in "${here.join('.')}"`;
}

/** A JSON pointer (RFC 6901) as a place. Digits may be a key of a map or a position in a list: both are found by text. */
function pointer(text: string): string[] {
  return text
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function schemaAt(schema: TSchema, schemaPath: string): JsonSchema {
  return (valueAt(schema, pointer(schemaPath)) ?? {}) as JsonSchema;
}

/** The kind of a value, and the value itself where it is short and plain. Configuration holds no PHI. */
function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : JSON.stringify(value).slice(0, 60);
}
