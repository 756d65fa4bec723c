/**
 * References to secrets and to what differs between machines: `${env:NAME}` and `${file:path}`, anywhere in a string
 * option. They stay as they are while files are checked, and are resolved once, at start, so that no secret is ever
 * part of a configuration.
 */
import type { TObject } from 'typebox';
import { Errors } from 'typebox/value';
import { PipehatError } from '../errors.ts';
import type { Problem } from '../problem.ts';
import { type Place, valueAt, type YamlFile } from '../yaml.ts';

/** Gives the text behind `env:NAME` or `file:path`; throws `reference-unresolved`. */
export type Resolve = (reference: string) => string;

const REFERENCE = /\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:[^{}]+)\}/g;

/**
 * The options of a component, ready for its `create`. Throws `reference-unresolved`, or `option-wrong` when what stands
 * behind a reference is not what the option must be.
 */
export function resolveOptions(
  definition: { readonly type: string; readonly options: TObject },
  options: Readonly<Record<string, unknown>>,
  resolve: Resolve,
): Record<string, unknown> {
  const resolved = resolveReferences(options, resolve);
  const [error] = Errors(definition.options, resolved);
  if (error === undefined) return resolved;
  const option = `${definition.type}${error.instancePath.replaceAll('/', '.')}`;
  throw new PipehatError('option-wrong', { option, expected: error.message });
}

/** A copy of `options` with every reference resolved. */
export function resolveReferences<T>(options: T, resolve: Resolve): T {
  const resolved = (value: unknown): unknown => {
    if (typeof value === 'string') {
      return value.replace(REFERENCE, (_, reference: string) => resolve(reference));
    }
    if (Array.isArray(value)) return value.map(resolved);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolved(inner)]));
  };
  return resolved(options) as T;
}

/** Every `${` at or under `place` that begins no reference of the right form. */
export function referenceProblems(yaml: YamlFile, place: Place): Problem[] {
  const value = valueAt(yaml.value, place);
  if (typeof value === 'object' && value !== null) {
    return Object.keys(value).flatMap((key) => referenceProblems(yaml, [...place, key]));
  }
  if (typeof value !== 'string') return [];
  const offset = value.replace(REFERENCE, (reference) => ' '.repeat(reference.length)).indexOf('${');
  if (offset < 0) return [];
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the form that people write
  const says = 'expected a reference of the form ${env:NAME} or ${file:path}';
  return [yaml.problem(place, 'bad-reference', says, { offset })];
}
