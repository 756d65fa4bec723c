/**
 * Paths to a place in a message: `PID-3`, `PID-3[2].4.1`, `OBX[3]-5`, `OBX[*]-5`. Segment, which of that name, field,
 * repetition, component, subcomponent; all 1-based, as HL7 counts. `[*]` means every one.
 */
import { PipehatError } from '../errors.ts';

/** A parsed path. */
export interface Path {
  /** Three characters, upper case. */
  readonly segment: string;
  /** Which segment of that name. */
  readonly index: number | '*';
  readonly field: number;
  /** Undefined: the first for one value, every one for many. */
  readonly repetition: number | '*' | undefined;
  readonly component: number | undefined;
  readonly subcomponent: number | undefined;
  /** As it was written. */
  readonly text: string;
}

/** Source of a regular expression that finds paths inside other text. It has no capturing group. */
export const PATH_PATTERN =
  '[A-Z][A-Z0-9]{2}(?:\\[(?:[1-9]\\d*|\\*)\\])?-[1-9]\\d*(?:\\[(?:[1-9]\\d*|\\*)\\])?(?:\\.[1-9]\\d*(?:\\.[1-9]\\d*)?)?';

const PATH =
  /^([A-Z][A-Z0-9]{2})(?:\[([1-9]\d*|\*)\])?-([1-9]\d*)(?:\[([1-9]\d*|\*)\])?(?:\.([1-9]\d*)(?:\.([1-9]\d*))?)?$/;

/** Reads a path. Throws `hl7-bad-path`. */
export function parsePath(text: string): Path {
  const found = PATH.exec(text);
  if (found === null) throw new PipehatError('hl7-bad-path', { path: text.slice(0, 60) });
  const [, segment = '', index, field, repetition, component, subcomponent] = found;
  return {
    segment,
    index: index === undefined ? 1 : position(index),
    field: Number(field),
    repetition: repetition === undefined ? undefined : position(repetition),
    component: component === undefined ? undefined : Number(component),
    subcomponent: subcomponent === undefined ? undefined : Number(subcomponent),
    text,
  };
}

function position(text: string): number | '*' {
  return text === '*' ? '*' : Number(text);
}

/** Writes a path in its shortest form. */
export function formatPath(path: Omit<Path, 'text'>): string {
  const index = path.index === 1 ? '' : `[${path.index}]`;
  const repetition = path.repetition === undefined ? '' : `[${path.repetition}]`;
  const component = path.component === undefined ? '' : `.${path.component}`;
  const subcomponent = path.subcomponent === undefined ? '' : `.${path.subcomponent}`;
  return `${path.segment}${index}-${path.field}${repetition}${component}${subcomponent}`;
}
