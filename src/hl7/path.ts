/**
 * Paths to a place in a message: `PID-3`, `PID-3[2].4.1`, `OBX[3]-5`, `OBX[*]-5`, `ORDER_OBSERVATION[2].OBX-5`. Groups
 * of the message's structure from the outside in, segment, field, repetition, component, subcomponent. Numbers are
 * 1-based, as HL7 counts, and have at most six digits. `[*]` means every one.
 */
import { PipehatError } from '../errors.ts';
import { nameAt } from './segment-name.ts';

/** One group on the way to a segment: `ORDER_OBSERVATION[2]`. */
export interface GroupStep {
  readonly name: string;
  /** Which of that name within the group around. */
  readonly index: number | '*';
}

/** A parsed path. */
export interface Path {
  /** From the outside in; none: the segment is looked for in the whole message. */
  readonly groups: readonly GroupStep[];
  /** Three characters, upper case. */
  readonly segment: string;
  /** Which segment of that name, in the message or in each of the groups. */
  readonly index: number | '*';
  readonly field: number;
  /** Undefined: the first for one value, every one for many. */
  readonly repetition: number | '*' | undefined;
  readonly component: number | undefined;
  readonly subcomponent: number | undefined;
  /** As it was written. */
  readonly text: string;
}

const NUMBER = '[1-9]\\d{0,5}(?!\\d)';
const INDEX = `(?:\\[(?:${NUMBER}|\\*)\\])?`;
const GROUP = `[A-Z][A-Z0-9_]*${INDEX}`;

/** Source of a regular expression that finds paths inside other text. It has no capturing group. */
export const PATH_PATTERN = `(?:${GROUP}\\.)*[A-Z][A-Z0-9]{2}${INDEX}-${NUMBER}${INDEX}(?:\\.${NUMBER}(?:\\.${NUMBER})?)?`;

const PATH = new RegExp(
  `^([A-Z][A-Z0-9]{2})(?:\\[(${NUMBER}|\\*)\\])?-(${NUMBER})(?:\\[(${NUMBER}|\\*)\\])?(?:\\.(${NUMBER})(?:\\.(${NUMBER}))?)?$`,
);

const STEP = new RegExp(`^([A-Z][A-Z0-9_]*)(?:\\[(${NUMBER}|\\*)\\])?$`);

/** Reads a path. Throws `hl7-bad-path`. */
export function parsePath(text: string): Path {
  // The last group's dot is the last one ahead of the hyphen.
  const end = text.lastIndexOf('.', text.indexOf('-'));
  const groups =
    end < 0
      ? []
      : text
          .slice(0, end)
          .split('.')
          .map((step) => readStep(step, text));
  const found = PATH.exec(text.slice(end + 1)) ?? bad(text);
  const [, segment = '', index, field, repetition, component, subcomponent] = found;
  return {
    groups,
    segment: nameAt(segment, 0, segment.length, ''),
    index: index === undefined ? 1 : position(index),
    field: Number(field),
    repetition: repetition === undefined ? undefined : position(repetition),
    component: component === undefined ? undefined : Number(component),
    subcomponent: subcomponent === undefined ? undefined : Number(subcomponent),
    text,
  };
}

function readStep(step: string, text: string): GroupStep {
  const [, name = '', index] = STEP.exec(step) ?? bad(text);
  return { name, index: index === undefined ? 1 : position(index) };
}

function bad(text: string): never {
  throw new PipehatError('hl7-bad-path', { path: text.slice(0, 60) });
}

function position(text: string): number | '*' {
  return text === '*' ? '*' : Number(text);
}

/** May it mean many values: does it say `[*]` anywhere? */
export function isMany({ groups, index, repetition }: Path): boolean {
  return index === '*' || repetition === '*' || groups.some((group) => group.index === '*');
}

/** Writes a path in its shortest form. */
export function formatPath(path: Omit<Path, 'text'>): string {
  const groups = path.groups.map(({ name, index }) => `${name}${indexText(index)}.`).join('');
  const repetition = path.repetition === undefined ? '' : `[${path.repetition}]`;
  const component = path.component === undefined ? '' : `.${path.component}`;
  const subcomponent = path.subcomponent === undefined ? '' : `.${path.subcomponent}`;
  return `${groups}${path.segment}${indexText(path.index)}-${path.field}${repetition}${component}${subcomponent}`;
}

function indexText(index: number | '*'): string {
  return index === 1 ? '' : `[${index}]`;
}
