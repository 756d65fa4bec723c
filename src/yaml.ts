/**
 * YAML files that people edit: read with positions, checked against a schema, all problems at once.
 *
 * A place inside a file is a list of keys, such as `['route', 0, 'to']`; `position` turns it into line and column.
 */
import type { TSchema } from 'typebox';
import { Errors } from 'typebox/value';
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { didYouMean, type Problem } from './problem.ts';

/** Keys and list positions from the root of a file down to a place in it. */
export type Place = readonly (string | number)[];

/** A file that was read: its value, and where each part of it stands. */
export interface YamlFile {
  readonly file: string;
  /** Plain JSON value; undefined when the file can't be read as YAML. */
  readonly value: unknown;
  /** Syntax errors, duplicate keys. */
  readonly problems: readonly Problem[];
  /** A problem at `place`, or at the key that leads to it; `offset` counts characters into a scalar's text. */
  problem(place: Place, rule: string, says: string, options?: { key?: boolean; offset?: number }): Problem;
}

/** Reads YAML 1.2. Never throws: what can't be read is in `problems`. */
export function readYaml(file: string, text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number, rule: string, says: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), rule, says };
  };
  return {
    file,
    value: document.errors.length > 0 ? undefined : document.toJS(),
    problems: document.errors.map((error) => at(error.pos[0], 'yaml', firstLine(error.message))),
    problem(place, rule, says, options = {}) {
      return at(offsetOf(document.contents, place, options), rule, says);
    },
  };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

/** Offset of a place. Follows the keys as far as the file has them, so a missing key points at what should hold it. */
function offsetOf(root: Node | null, place: Place, options: { key?: boolean; offset?: number }): number {
  let node: unknown = root;
  let start = root?.range?.[0] ?? 0;
  for (const [depth, step] of place.entries()) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
      );
      if (pair === undefined) break;
      const key = pair.key as Node;
      const last = depth === place.length - 1;
      node = pair.value;
      start = (last && options.key) || !hasRange(node) ? (key.range?.[0] ?? start) : node.range[0];
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(step)];
      if (!hasRange(item)) break;
      node = item;
      start = item.range[0];
    } else break;
  }
  return start + scalarOffset(node, options.offset);
}

function hasRange(node: unknown): node is { range: [number, number, number] } {
  return typeof node === 'object' && node !== null && Array.isArray((node as { range?: unknown }).range);
}

/** Quotes shift the text of a scalar by one. Block scalars point at their start. */
function scalarOffset(node: unknown, offset = 0): number {
  if (!isScalar(node)) return 0;
  if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') return offset + 1;
  return node.type === 'PLAIN' ? offset : 0;
}

/**
 * Checks a file's value, or the part of it at `place`, against a TypeBox schema. Unknown keys are problems, with the
 * nearest known key. Of alternatives that all fail, only the statement that none fits is reported.
 */
export function checkShape(schema: TSchema, yaml: YamlFile, place: Place = []): Problem[] {
  const value = valueAt(yaml.value, place);
  const problems: Problem[] = [];
  const found = [...Errors(schema, value)];
  const undecided = found.filter((error) => error.keyword === 'anyOf').map((error) => error.schemaPath);
  for (const error of found) {
    if (undecided.some((path) => error.schemaPath.startsWith(`${path}/anyOf/`))) continue;
    const here = [...place, ...pointer(error.instancePath)];
    const name = here.at(-1) ?? 'the file';
    if (
      error.keyword === 'boolean' ||
      (error.keyword === 'pattern' && error.schemaPath.endsWith('/propertyNames'))
    )
      continue;
    if (error.keyword === 'additionalProperties') {
      for (const key of error.params.additionalProperties) {
        const known = Object.keys(propertiesAt(schema, error.schemaPath));
        const says = `"${key}" is not a key here${didYouMean(key, known)}; known: ${known.join(', ')}`;
        problems.push(yaml.problem([...here, key], 'unknown-key', says, { key: true }));
      }
    } else if (error.keyword === 'required') {
      for (const key of error.params.requiredProperties) {
        problems.push(
          yaml.problem(here, 'missing-key', `expected a key "${key}"${holder(here)}`, { key: true }),
        );
      }
    } else if (error.keyword === 'anyOf') {
      problems.push(
        yaml.problem(
          here,
          'wrong-value',
          `"${name}" is none of what it may be: ${alternatives(schema, error.schemaPath)}`,
        ),
      );
    } else {
      problems.push(
        yaml.problem(
          here,
          'wrong-value',
          `"${name}" ${error.message}, found ${describe(valueAt(yaml.value, here))}`,
        ),
      );
    }
  }
  return problems;
}

/** The part of a plain value at a place, or undefined. */
export function valueAt(value: unknown, place: Place): unknown {
  return place.reduce<unknown>(
    (inner, step) => (inner as Record<string | number, unknown> | undefined)?.[step],
    value,
  );
}

function holder(here: Place): string {
  return here.length === 0 ? '' : ` in "${here.join('.')}"`;
}

function pointer(text: string): (string | number)[] {
  const steps = text.split('/').slice(1);
  return steps.map((step) => {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    return /^\d+$/.test(name) ? Number(name) : name;
  });
}

function schemaAt(schema: unknown, schemaPath: string): Record<string, unknown> {
  return (valueAt(schema, pointer(schemaPath.replace(/^#/, ''))) ?? {}) as Record<string, unknown>;
}

function propertiesAt(schema: unknown, schemaPath: string): Record<string, unknown> {
  return (schemaAt(schema, schemaPath)['properties'] ?? {}) as Record<string, unknown>;
}

/** Words for the alternatives of a union: constants as they are, shapes by their type, title or keys. */
function alternatives(schema: unknown, schemaPath: string): string {
  const options = (schemaAt(schema, schemaPath)['anyOf'] ?? []) as Record<string, unknown>[];
  return options
    .map((option) => {
      if ('const' in option) return JSON.stringify(option['const']);
      if (option['title'] !== undefined) return String(option['title']);
      if (option['properties'] !== undefined)
        return `{ ${Object.keys(option['properties'] as object).join(', ')} }`;
      return String(option['type'] ?? 'another shape');
    })
    .join(', ');
}

/** The kind of a value, and the value itself where it is short and plain. Configuration holds no PHI. */
function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : JSON.stringify(value).slice(0, 60);
}
