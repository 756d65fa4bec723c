/** Options that several kinds of file share. */

import Type, { type TObject, type TProperties, type TSchema } from 'typebox';
import { isTimeZone } from '../hl7/datetime.ts';
import type { Problem } from '../problem.ts';
import type { Place, YamlFile } from '../yaml.ts';

/** A name of a site, channel or system: goes into metrics, queues, URLs. */
export function name(description: string) {
  return Type.String({ pattern: '^[a-z][a-z0-9-]*$', maxLength: 40, description });
}

/** Number of lanes. */
export function lanes(what: string) {
  return Type.Integer({
    default: 8,
    minimum: 1,
    maximum: 256,
    description: `Over how many lanes ${what} are spread: so many are worked on side by side.`,
  });
}

/** What is wrong with the time zone at a place: it is no IANA name. Names of old, such as US/Eastern, are right too. */
export function timeZoneProblems(yaml: YamlFile, place: Place, zone: string): Problem[] {
  if (isTimeZone(zone)) return [];
  const says = `"${zone}" is not an IANA time zone, such as Europe/Berlin`;
  return [yaml.problem(place, 'unknown-time-zone', says)];
}

/** One optional key for each kind of component, with its own options. */
export function componentOptions(
  definitions: readonly { readonly type: string; readonly summary: string; readonly options: TObject }[],
): Record<string, TSchema> {
  return Object.fromEntries(
    definitions.map(({ type, summary, options }) => [
      type,
      Type.Optional(
        Type.Object(orReference(options.properties), { additionalProperties: false, description: summary }),
      ),
    ]),
  );
}

/**
 * Lets a reference stand where a text must have a form: what is behind it is checked when it is resolved. A secret
 * (`writeOnly`) must be a reference.
 */
function orReference(properties: TProperties): TProperties {
  const entries = Object.entries(properties).map(([key, schema]) => {
    const pattern = patternOf(schema as { pattern?: string; writeOnly?: boolean });
    if (pattern === undefined) return [key, schema];
    // A copy forgets that the key may be left out.
    const changed = { ...schema, pattern };
    return [key, Type.IsOptional(schema) ? Type.Optional(changed) : changed];
  });
  return Object.fromEntries(entries);
}

function patternOf({ pattern, writeOnly }: { pattern?: string; writeOnly?: boolean }): string | undefined {
  if (writeOnly) return REFERENCE_ONLY;
  return pattern === undefined ? undefined : `${pattern}|${REFERENCE_START}`;
}

/** A reference and nothing else, as a pattern. */
export const REFERENCE_ONLY = '^\\$\\{(env|file):[^{}]+\\}$';

/** Beginning of a reference, as a pattern. */
const REFERENCE_START = '\\$\\{(env|file):';
