/** What a sender promised, beyond the standard: segments, fields and codes. Pure; a profile file makes it. */
import { PipehatError } from '../errors.ts';
import type { Expression } from '../expression/expression.ts';
import { unescape } from '../hl7/escape.ts';
import type { Finding, FindingPlace, Report, Rule } from '../hl7/finding.ts';
import type { Message, Segment } from '../hl7/message.ts';
import { part } from '../hl7/parts.ts';
import type { Path } from '../hl7/path.ts';
import { evaluate } from './evaluate.ts';

/** A checked profile, with what it extends already in it. */
export interface Profile {
  readonly name: string;
  readonly description: string;
  readonly segments: ReadonlyMap<string, SegmentUse>;
  readonly fields: readonly FieldRule[];
  /** Rules of the standard that don't apply to this sender. */
  readonly off: readonly Exception[];
}

/** `allowed`: the standard doesn't have it there, the sender does. */
export type SegmentUse = 'required' | 'allowed' | 'forbidden';

/** What a place has to hold. */
export interface FieldRule {
  /** Every segment of the name and every repetition, unless it says which. */
  readonly path: Path;
  /** The path without positions, as an {@link Exception} has it. */
  readonly place: string;
  readonly required: boolean;
  /** The rule holds for messages where this is true. */
  readonly when: Expression | undefined;
  /** The only values allowed. */
  readonly codes: ReadonlySet<string> | undefined;
  /** The only coding systems allowed beside the code (component 3 of CE, CWE and CNE). */
  readonly systems: ReadonlySet<string> | undefined;
  readonly max_length: number | undefined;
  /** Of those that `config/pattern.ts` lets pass, so that no text makes it slow. */
  readonly pattern: Pattern | undefined;
}

/** The form of a whole value. */
export interface Pattern {
  /** As the profile has it. */
  readonly source: string;
  test(value: string): boolean;
}

/** A rule that is off: everywhere, or at a place and below it. */
export interface Exception {
  readonly rule: Rule;
  /** Path without positions: `PV1`, `PV1-18`, `OBX-3.6`. */
  readonly at: string | undefined;
}

/** A longer value has no form that a pattern could say; it isn't compared. */
const MOST_COMPARED = 200;

/** The component of CE, CWE and CNE that names the coding system. */
const SYSTEM = 3;

const NULL = '""';

/** Reports where `message` doesn't keep what the profile says. */
export function judgeByProfile(profile: Profile, message: Message, report: Report): void {
  const segments = new Map<string, Segment[]>();
  for (const segment of message.segments) {
    const known = segments.get(segment.name);
    if (known === undefined) segments.set(segment.name, [segment]);
    else known.push(segment);
  }
  for (const [name, use] of profile.segments)
    judgeSegment(name, use, segments.get(name) ?? [], message, report);
  for (const rule of profile.fields) {
    const { segment } = rule.path;
    const found = segments.get(segment);
    if (found === undefined || !applies(rule, message, report)) continue;
    for (const [i, each] of found.entries()) {
      if (rule.path.index === '*' || rule.path.index === i + 1)
        judgeField(rule, each, i + 1, message, report);
    }
  }
}

/** Does the profile leave this finding standing? Codes that it lists for a place stand for the table there. */
export function isWanted(profile: Profile, { rule, path, segment }: Finding): boolean {
  const at = path.replaceAll(/\[\d+\]/g, '');
  const isStray = rule === 'segment-unknown' || rule === 'segment-out-of-place';
  if (isStray && profile.segments.get(segment) === 'allowed') return false;
  if (rule === 'not-in-table' && profile.fields.some((each) => each.codes && isInside(at, each.place))) {
    return false;
  }
  return !profile.off.some((off) => off.rule === rule && (off.at === undefined || isInside(at, off.at)));
}

/** `OBX-3.6` is inside `OBX-3` and `OBX`, not inside `OBX-3.60`. */
function isInside(path: string, outer: string): boolean {
  return path === outer || (path.startsWith(outer) && /^[-.]/.test(path.slice(outer.length)));
}

function judgeSegment(
  name: string,
  use: SegmentUse,
  found: readonly Segment[],
  message: Message,
  report: Report,
): void {
  if (use === 'required' && found.length === 0) {
    const says = `expected a segment ${name}, found none`;
    report('profile-segment', { segment: name, index: 1 }, message.segments.length + 1, says);
  }
  if (use !== 'forbidden') return;
  for (const [i, { position }] of found.entries()) {
    report(
      'profile-segment',
      { segment: name, index: i + 1 },
      position,
      `expected no segment ${name}, found one`,
    );
  }
}

/** A condition that can't work with what the message holds is the message's fault. */
function applies({ when, path }: FieldRule, message: Message, report: Report): boolean {
  if (when === undefined) return true;
  try {
    return evaluate(when, message) === true;
  } catch (error) {
    if (!(error instanceof PipehatError)) throw error;
    const place = { segment: path.segment, index: 1, field: path.field };
    report(
      'profile-failed',
      place,
      1,
      `expected fields that the condition ${when.source} can work with, found others`,
    );
    return false;
  }
}

function judgeField(
  rule: FieldRule,
  segment: Segment,
  index: number,
  message: Message,
  report: Report,
): void {
  const { path } = rule;
  const { field, component, subcomponent } = path;
  const all = segment.repetitions(field);
  const which =
    typeof path.repetition === 'number' ? [path.repetition] : all.length > 0 ? all.map((_, i) => i + 1) : [1];
  for (const repetition of which) {
    const place: FindingPlace = {
      segment: segment.name,
      index,
      field,
      ...(all.length > 1 || repetition > 1 ? { repetition } : {}),
      ...(component === undefined ? {} : { component }),
      ...(subcomponent === undefined ? {} : { subcomponent }),
    };
    judgeValue(rule, all[repetition - 1] ?? '', message, (broken, says) =>
      report(broken, place, segment.position, says),
    );
  }
}

/** Judges one repetition. Of a field or component with parts the first one is meant, as in a path. */
function judgeValue(
  rule: FieldRule,
  raw: string,
  { delimiters }: Message,
  add: (broken: Rule, says: string) => void,
): void {
  const { required, codes, systems, max_length, pattern } = rule;
  const { component = 1, subcomponent = 1 } = rule.path;
  const cut = (n: number, m: number) =>
    unescape(part(part(raw, delimiters.component, n), delimiters.subcomponent, m), delimiters);
  const value = cut(component, subcomponent);
  // "" deletes what the receiver has: no value that could be required, and none that has a form.
  if (value === '' || value === NULL) {
    if (required) add('profile-required', 'expected a value, found nothing');
    return;
  }
  if (codes !== undefined && !codes.has(value)) {
    add('profile-code', `expected one of the ${codes.size} codes of the profile, found another`);
  }
  if (systems !== undefined && !systems.has(cut(SYSTEM, 1))) {
    const found = cut(SYSTEM, 1) === '' ? 'none' : 'another';
    add('profile-code', `expected the coding system ${[...systems].join(' or ')}, found ${found}`);
  }
  if (max_length !== undefined && value.length > max_length) {
    add('profile-length', `expected at most ${max_length} characters, found ${value.length}`);
  }
  if (pattern !== undefined && (value.length > MOST_COMPARED || !pattern.test(value))) {
    const found = `other text of ${value.length} characters`;
    add('profile-pattern', `expected text of the form ${pattern.source}, found ${found}`);
  }
}
