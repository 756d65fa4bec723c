/**
 * References to secrets and to what differs between machines: `${env:NAME}` and `${file:path}`, anywhere in a string
 * option. They stay as they are while files are checked, and are resolved once, at start, so that no secret is ever
 * part of a configuration.
 */

/** Gives the text behind `env:NAME` or `file:path`; throws `reference-unresolved`. */
export type Resolve = (reference: string) => string;

const REFERENCE = /\$\{((?:env:[A-Za-z_][A-Za-z0-9_]*)|(?:file:[^{}]+))\}/g;

/** A copy of `options` with every reference resolved. */
export function resolveReferences<T>(options: T, resolve: Resolve): T {
  const resolved = (value: unknown): unknown => {
    if (typeof value === 'string')
      return value.replace(REFERENCE, (_, reference: string) => resolve(reference));
    if (Array.isArray(value)) return value.map(resolved);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolved(inner)]));
  };
  return resolved(options) as T;
}

/** The first `${` of a text that begins no well-formed reference: its offset, or undefined when all are right. */
export function brokenReference(text: string): number | undefined {
  const offset = text.replace(REFERENCE, (reference) => ' '.repeat(reference.length)).indexOf('${');
  return offset < 0 ? undefined : offset;
}
