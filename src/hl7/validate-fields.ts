/** Fields: whether they have to be there, how often, how long, and each by its type. */
import { type FieldDefinition, fieldDefinition, segmentDefinition } from './dictionary.ts';
import type { Report } from './finding.ts';
import { isHeader, type Message, type Segment } from './message.ts';
import { part } from './parts.ts';
import { checkEscapes } from './validate-escapes.ts';
import { lengthCheck } from './validate-lengths.ts';
import { type Check, Cursor, NULL } from './validate-place.ts';
import { fieldCheck } from './validate-types.ts';

/** A field, ready to be checked. */
interface FieldPlan extends Pick<FieldDefinition, 'name' | 'usage' | 'most'> {
  readonly length: Check | undefined;
  readonly check: Check | undefined;
}

/** By field number less one. */
type SegmentPlan = readonly FieldPlan[];

/** Compiled once for each version and segment; there are a few thousand. */
const plans = new Map<string, SegmentPlan>();

/** Undefined for a segment that the version doesn't have. */
function planOf(version: string, name: string): SegmentPlan | undefined {
  const key = `${version} ${name}`;
  const known = plans.get(key);
  if (known !== undefined) return known;
  const definition = segmentDefinition(version, name);
  if (definition === undefined) return undefined;
  const plan = Array.from({ length: definition.fields }, (_, i) =>
    compile(version, fieldDefinition(version, name, i + 1)!),
  );
  plans.set(key, plan);
  return plan;
}

function compile(version: string, field: FieldDefinition): FieldPlan {
  const { name, usage, most, type, table } = field;
  const check = fieldCheck(version, type, table);
  return { name, usage, most, check, length: lengthCheck(version, field, 'field') };
}

/** Checks the fields of all segments. Local segments (Z…) and unknown ones hold what they like. */
export function validateFields(message: Message, version: string, report: Report): void {
  const cursor = new Cursor(message.delimiters, report);
  const seen = new Map<string, number>();
  for (const segment of message.segments) {
    const { name, position } = segment;
    const index = (seen.get(name) ?? 0) + 1;
    seen.set(name, index);
    const plan = name === '' || name.startsWith('Z') ? undefined : planOf(version, name);
    if (plan === undefined) continue;
    cursor.segment = name;
    cursor.index = index;
    cursor.position = position;
    checkSegment(segment, plan, version, cursor);
  }
}

function checkSegment(segment: Segment, plan: SegmentPlan, version: string, at: Cursor): void {
  const { delimiters } = at;
  const hasEscapes = delimiters.escape !== '' && segment.text.includes(delimiters.escape);
  const isFirst = isHeader(segment.name);
  for (let n = isFirst ? 3 : 1; n <= plan.length; n++) {
    const raw = segment.field(n);
    const field = plan[n - 1]!;
    at.toField(n);
    if (raw === '') {
      if (field.usage === 'required') {
        at.report('field-required', `expected a value (${field.name}), found nothing`);
      }
      continue;
    }
    if (raw === NULL) continue;
    if (field.usage === 'backward') {
      at.report(
        'field-backward',
        `expected nothing: version ${version} keeps ${field.name} for old senders only`,
      );
    }
    if (hasEscapes && raw.includes(delimiters.escape)) checkEscapes(raw, at);
    const check = segment.name === 'OBX' && n === 5 ? observationCheck(segment, version, at) : field.check;
    checkRepetitions(raw, field, check, at);
  }
  checkBeyond(segment, plan.length, version, at);
}

function checkRepetitions(
  raw: string,
  { most, length }: FieldPlan,
  check: Check | undefined,
  at: Cursor,
): void {
  const { repetition } = at.delimiters;
  if (repetition === '' || !raw.includes(repetition)) {
    length?.(raw, at);
    check?.(raw, at);
    return;
  }
  const all = raw.split(repetition);
  if (all.length > most) {
    at.report(
      'field-repeats',
      `expected ${most === 1 ? 'one value' : `at most ${most} values`}, found ${all.length}`,
    );
  }
  for (const [i, text] of all.entries()) {
    if (text === '' || text === NULL) continue;
    at.repetition = i + 1;
    length?.(text, at);
    check?.(text, at);
  }
  at.repetition = 0;
}

/** OBX-2 tells the type of OBX-5. */
function observationCheck(segment: Segment, version: string, at: Cursor): Check | undefined {
  const type = part(segment.field(2), at.delimiters.component, 1);
  if (type !== '') return fieldCheck(version, type, undefined);
  at.field = 2;
  at.report('field-required', 'expected the type of the value in OBX-5 (Value Type), found nothing');
  at.field = 5;
  return undefined;
}

/** Fields behind the last one that the version has: the first with a value is told. */
function checkBeyond(segment: Segment, known: number, version: string, at: Cursor): void {
  const { field } = at.delimiters;
  let count = isHeader(segment.name) ? 1 : 0;
  for (let i = segment.text.indexOf(field); i >= 0; i = segment.text.indexOf(field, i + 1)) count += 1;
  for (let n = known + 1; n <= count; n++) {
    if (segment.field(n) === '') continue;
    at.toField(n);
    const says = `expected at most ${known} fields in version ${version}, found more`;
    at.report('field-unknown', says);
    return;
  }
}
