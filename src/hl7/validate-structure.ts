/** Segments against the structure of the message (HL7 chapter 2, §2.12): what is missing, unknown, out of place. */
import { knownVersions, segmentDefinition } from './dictionary.ts';
import type { FindingPlace, Report, Rule } from './finding.ts';
import type { Message } from './message.ts';
import { parts } from './parts.ts';
import { type Misfit, readGroups, structureOf } from './structure.ts';

/** Which rule each kind of misfit breaks. */
const RULES: Readonly<Record<Misfit['kind'], Rule>> = {
  unknown: 'segment-unknown',
  'out-of-place': 'segment-out-of-place',
  missing: 'segment-missing',
  'too-many': 'too-many',
  'no-structure': 'structure-unknown',
};

/** Checks the segments. Local ones (Z…) may stand anywhere. */
export function validateStructure(message: Message, version: string, report: Report): void {
  const { component } = message.delimiters;
  const [code = '', event = '', id = ''] = parts(message.segments[0]?.field(9) ?? '', component);
  // Without a code there is nothing to look up, and MSH-9 is required. The structure of local messages only their sender knows.
  if (code === '' || code.startsWith('Z') || (event.startsWith('Z') && id === '')) return;
  const structure = structureOf({ code, event, structure: id });
  let before: readonly FindingPlace[] | undefined;
  const known = new Map<string, boolean>();
  for (const misfit of readGroups(message, structure, version).misfits) {
    const { kind, segment, index, position } = misfit;
    if (segment.startsWith('Z')) continue;
    if (kind === 'no-structure') {
      const place = { segment: 'MSH', index: 1, field: 9 };
      report('structure-unknown', place, 1, 'expected a message structure of HL7, found another');
    } else if (segment === '') {
      before ??= placesBefore(message);
      const says = `expected a segment as line ${position}, found another text`;
      report('segment-unknown', before[position - 1]!, position, says);
    } else {
      const isPassedOver = kind === 'unknown' && isKnown(segment, known);
      report(RULES[kind], { segment, index }, position, misfit.says, isPassedOver ? 'warning' : undefined);
    }
  }
}

/** A line that is no segment has no place of its own: it is told at the segment before. By position less one. */
function placesBefore({ segments }: Message): readonly FindingPlace[] {
  const seen = new Map<string, number>();
  let last: FindingPlace = { segment: 'MSH', index: 1 };
  return segments.map(({ name }) => {
    const index = (seen.get(name) ?? 0) + 1;
    seen.set(name, index);
    if (name !== '') last = { segment: name, index };
    return last;
  });
}

/** Does any version have the segment? `known` remembers, for those that come by the thousand. */
function isKnown(name: string, known: Map<string, boolean>): boolean {
  let is = known.get(name);
  if (is === undefined) {
    is = knownVersions.some((each) => segmentDefinition(each, name) !== undefined);
    known.set(name, is);
  }
  return is;
}
