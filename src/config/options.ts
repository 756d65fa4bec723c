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
        Type.Object(mapValues(options.properties, orReference), {
          additionalProperties: false,
          description: summary,
        }),
      ),
    ]),
  );
}

/**
 * Lets a reference stand where a text must have a form: what is behind it is checked when it is resolved. What is `secret`
 * must be one.
 */
function orReference<Schema extends TSchema>(schema: Schema): Schema {
  const { secret, pattern, properties, items } = schema as Parts;
  // With what TypeBox keeps out of sight, such as whether it is optional.
  const changed = Object.defineProperties({}, Object.getOwnPropertyDescriptors(schema)) as Schema & Parts;
  delete changed.secret;
  if (secret) changed.pattern = REFERENCE_ONLY;
  else if (pattern !== undefined) changed.pattern = `${pattern}|${REFERENCE_START}`;
  if (properties !== undefined) changed.properties = mapValues(properties, orReference);
  if (items !== undefined) changed.items = orReference(items);
  return changed;
}

/** What a schema may have. */
interface Parts {
  secret?: boolean;
  pattern?: string;
  properties?: TProperties;
  items?: TSchema;
}

function mapValues(properties: TProperties, change: (schema: TSchema) => TSchema): TProperties {
  return Object.fromEntries(Object.entries(properties).map(([key, schema]) => [key, change(schema)]));
}

/** Beginning of a reference, and a whole one, as patterns. */
const REFERENCE_START = '\\$\\{(env|file):';
/** A reference and nothing else, as a pattern. */
export const REFERENCE_ONLY = `^${REFERENCE_START}[^{}]+\\}$`;
