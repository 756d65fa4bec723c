/** A message spelled out: every field that has a value, with the name that the standard gives it. */
import { type FieldDefinition, fieldDefinition, segmentDefinition, typeDefinition } from './dictionary.ts';
import { type Delimiters, isHeader, type Message, type Segment } from './message.ts';
import { part, parts } from './parts.ts';
import { formatPath, type Path } from './path.ts';
import { type Misfit, readGroups, structureOf } from './structure.ts';

/** One repetition of a field, a component or a subcomponent. */
export interface InspectedPlace {
  /** `PID-3[2].4`. */
  readonly path: string;
  /** As the standard words it; `''` where the version doesn't know the place. */
  readonly name: string;
  /** The data type; `''` where the version doesn't know the place. */
  readonly type: string;
  readonly raw: string;
  /** Unescaped. */
  readonly value: string;
  /** What it is made of, where that is more than one piece; empty ones are left out. */
  readonly parts: readonly InspectedPlace[];
}

/** One segment. */
export interface InspectedSegment {
  /** `''` for a line that is no segment. */
  readonly name: string;
  /** `''` where the version doesn't know the segment. */
  readonly description: string;
  readonly position: number;
  readonly fields: readonly InspectedPlace[];
}

/** A message, spelled out. */
export interface Inspection {
  /** Id of its structure, such as `ORU_R01`. */
  readonly structure: string;
  readonly segments: readonly InspectedSegment[];
  readonly misfits: readonly Misfit[];
}

/** Spells `message` out by the definitions of `version`. */
export function inspect(message: Message, version: string): Inspection {
  const [code = '', event = '', id = ''] = parts(message.segments[0]!.field(9), message.delimiters.component);
  const structure = structureOf({ code, event, structure: id });
  const seen = new Map<string, number>();
  const segments = message.segments.map((segment): InspectedSegment => {
    const { name, position } = segment;
    const index = (seen.get(name) ?? 0) + 1;
    seen.set(name, index);
    const description = segmentDefinition(version, name)?.description ?? '';
    return { name, description, position, fields: fieldsOf(segment, index, version, message) };
  });
  return { structure, segments, misfits: readGroups(message, structure, version).misfits };
}

function fieldsOf(segment: Segment, index: number, version: string, message: Message): InspectedPlace[] {
  const { delimiters } = message;
  // A line that is no segment has no fields.
  const last = segment.name === '' ? 0 : segment.fields;
  return Array.from({ length: last }, (_, i) => i + 1).flatMap((field) => {
    const definition = definitionOf(segment, field, version, delimiters);
    const repetitions = segment.repetitions(field);
    // MSH-1 and MSH-2 are the delimiters: there is nothing to cut or to unescape.
    const cutters =
      isHeader(segment.name) && field <= 2 ? undefined : [delimiters.component, delimiters.subcomponent];
    return repetitions.flatMap((raw, i) => {
      const repetition = repetitions.length > 1 ? i + 1 : undefined;
      const place = {
        groups: [],
        segment: segment.name,
        index,
        field,
        repetition,
        component: undefined,
        subcomponent: undefined,
      };
      return raw === '' ? [] : [placeOf(raw, place, definition, cutters, version, message)];
    });
  });
}

/** OBX-5 is of the type that OBX-2 names. */
function definitionOf(
  segment: Segment,
  field: number,
  version: string,
  delimiters: Delimiters,
): Definition | undefined {
  const definition = fieldDefinition(version, segment.name, field);
  if (definition === undefined || segment.name !== 'OBX' || field !== 5) return definition;
  return { ...definition, type: part(segment.field(2), delimiters.component, 1) || definition.type };
}

type Definition = Pick<FieldDefinition, 'name' | 'type'>;

/** `cutters` are the separators of the levels below; undefined where the text is to be left as it is. */
function placeOf(
  raw: string,
  place: Omit<Path, 'text'>,
  definition: Definition | undefined,
  cutters: readonly string[] | undefined,
  version: string,
  message: Message,
): InspectedPlace {
  const { name, type } = definition ?? { name: '', type: '' };
  const [separator = '', ...below] = cutters ?? [];
  const pieces = cutters?.some((each) => each !== '' && raw.includes(each)) ? parts(raw, separator) : [];
  const components = typeDefinition(version, type)?.components ?? [];
  return {
    path: formatPath(place),
    name,
    type,
    raw,
    value: cutters === undefined ? raw : message.unescape(raw),
    parts: pieces.flatMap((piece, i) => {
      const level = place.component === undefined ? 'component' : 'subcomponent';
      const inner = { ...place, [level]: i + 1 };
      return piece === '' ? [] : [placeOf(piece, inner, components[i], below, version, message)];
    }),
  };
}
