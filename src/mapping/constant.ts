/** `value`: constants, checked against the FHIR definitions and frozen, since every output shares them. */
import type { ElementDefinition } from '../fhir/definitions.ts';
import { didYouMean } from '../problem.ts';
import type { Place } from '../yaml.ts';
import { codeValue } from './codes.ts';
import { type Context, type Convert, report } from './compiler.ts';
import { findTable } from './convert.ts';
import type { Rule } from './schema.ts';

/** Compiles `value: ATND` (with `code`: looked up now), or `value: { system: …, code: … }`. */
export function compileConstant(
  context: Context,
  place: Place,
  rule: Rule,
  element: ElementDefinition,
): Convert {
  let value: unknown = rule.value;
  if (rule.code !== undefined) {
    const table = findTable(context, place, rule.code, element);
    const found = table?.codes.get(String(value));
    if (table !== undefined && found === undefined) {
      const says = `table ${rule.code} has no code ${String(value)}${didYouMean(String(value), table.codes.keys())}`;
      report(context, [...place, 'value'], 'unknown-code', says);
    }
    value = found === undefined ? undefined : codeValue(found, element.type, '');
  } else {
    check(context, [...place, 'value'], value, element);
  }
  const constant = deepFreeze(value);
  return () => constant;
}

function check(context: Context, place: Place, value: unknown, element: ElementDefinition): void {
  const type = context.compiler.definitions.type(element.type);
  if (type === undefined) {
    const expected = primitiveKind(element.type);
    if (typeof value !== expected) {
      report(context, place, 'wrong-type', `${element.name} is a ${element.type}: expected a ${expected}`);
    } else if (element.codes !== undefined && !element.codes.includes(String(value))) {
      report(context, place, 'unknown-code', `"${value}" is not one of ${element.codes.join(', ')}`);
    }
    return;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report(context, place, 'wrong-type', `${element.name} is a ${element.type}: expected its elements`);
    return;
  }
  for (const [name, inner] of Object.entries(value)) {
    const definition = type.elements.get(name);
    if (definition === undefined) {
      const says = `FHIR has no ${type.name}.${name}${didYouMean(name, type.elements.keys())}`;
      report(context, [...place, name], 'unknown-element', says, { key: true });
    } else if (!definition.many) {
      check(context, [...place, name], inner, definition);
    } else if (Array.isArray(inner)) {
      for (const [index, one] of inner.entries()) check(context, [...place, name, index], one, definition);
    } else {
      report(context, [...place, name], 'wrong-type', `${type.name}.${name} holds many: expected a list`);
    }
  }
}

function primitiveKind(type: string): 'boolean' | 'number' | 'string' {
  if (type === 'boolean') return 'boolean';
  return ['decimal', 'integer', 'positiveInt', 'unsignedInt'].includes(type) ? 'number' : 'string';
}

/** Freezes a value and all that is in it. */
export function deepFreeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
