/** What validation finds: where a message leaves the standard or what was agreed. Places and words, never values. */

/** Table 0357: why a place is wrong. 100 sequence, 101 required missing, 102 data type, 103 table value. */
export type Condition = '100' | '101' | '102' | '103';

/** A rule of validation. */
export interface RuleDefinition {
  readonly condition: Condition;
  /** As it is unless a finding says otherwise. */
  readonly severity: Severity;
  /** What breaks it. */
  readonly means: string;
}

/** An error keeps a message out where the channel rejects; a warning never does. */
export type Severity = 'error' | 'warning';

/** Every rule, by name. Those that begin with `profile-` are of the site's profile, all others of the standard. */
export const rules = {
  'structure-unknown': {
    condition: '100',
    severity: 'warning',
    means: 'no version has the message structure of MSH-9, so the order of segments is not checked',
  },
  'segment-unknown': {
    condition: '100',
    severity: 'error',
    means:
      'a line that is no segment, or a segment that HL7 does not have; a warning where only this structure does not have it, since receivers pass over those',
  },
  'segment-out-of-place': {
    condition: '100',
    severity: 'error',
    means: 'a segment of the structure that stands elsewhere than the structure has it',
  },
  'segment-missing': {
    condition: '100',
    severity: 'error',
    means: 'a segment or group that the structure requires is missing',
  },
  'too-many': {
    condition: '100',
    severity: 'error',
    means: 'a segment or group stands more often than the structure allows',
  },
  'field-required': {
    condition: '101',
    severity: 'error',
    means: 'a field or component that the version requires has no value; also OBX-2 where OBX-5 has one',
  },
  'field-repeats': {
    condition: '102',
    severity: 'error',
    means: 'a field has more repetitions than the version allows',
  },
  'field-unknown': {
    condition: '102',
    severity: 'warning',
    means: 'a field or component beyond those that the version has: receivers pass over it',
  },
  'field-backward': {
    condition: '102',
    severity: 'warning',
    means: 'a field that the version keeps for old senders only, or withdrew',
  },
  'too-long': {
    condition: '102',
    severity: 'error',
    means:
      'a value is longer than the version allows; a warning where its type gives it no form (all but ID, SI, NM and dates). From 2.7 on lengths bind nobody, and nothing is checked',
  },
  'wrong-type': {
    condition: '102',
    severity: 'error',
    means: 'a value is none of its data type (NM, SI, DT, TM, DTM and TS, SN, the encoding of ED)',
  },
  'not-in-table': {
    condition: '103',
    severity: 'error',
    means:
      'a code that its HL7 table does not have; a warning where only other versions have it, or where the table is one that sites define',
  },
  'escape-unknown': {
    condition: '102',
    severity: 'warning',
    means:
      'an escape character without its partner, or a sequence that HL7 does not know: it stays in the text',
  },
  'profile-segment': {
    condition: '100',
    severity: 'error',
    means: 'a segment that the profile requires is missing, or one that it forbids is there',
  },
  'profile-required': {
    condition: '101',
    severity: 'error',
    means: 'a place that the profile requires has no value',
  },
  'profile-code': {
    condition: '103',
    severity: 'error',
    means: 'a code, or a coding system, that is none of those that the profile lists for the place',
  },
  'profile-length': {
    condition: '102',
    severity: 'error',
    means: 'a value is longer than the profile allows',
  },
  'profile-pattern': {
    condition: '102',
    severity: 'error',
    means: 'a value does not have the form that the profile gives',
  },
  'profile-failed': {
    condition: '102',
    severity: 'error',
    means: "the condition (`when`) of a rule of the profile can't work with what its fields hold",
  },
} as const satisfies Record<string, RuleDefinition>;

/** Name of a rule. */
export type Rule = keyof typeof rules;

/** A place in a message, by the parts of ERL (HL7 2.9 §2A.3.28). All are 1-based. */
export interface FindingPlace {
  readonly segment: string;
  /** Which of that name in the message. */
  readonly index: number;
  readonly field?: number;
  readonly repetition?: number;
  readonly component?: number;
  readonly subcomponent?: number;
}

/** One finding. */
export interface Finding extends FindingPlace {
  readonly severity: Severity;
  readonly rule: Rule;
  readonly condition: Condition;
  /** The place as a path: `PID-3[2].4`, `OBX[3]-5`; a segment alone is `PV1` or `NK1[2]`. */
  readonly path: string;
  /** Position of the segment in the message; of something that is missing, where it should have come. */
  readonly position: number;
  /** What was expected, and what kind of thing was found. */
  readonly says: string;
}

/** What was found in one message, in the order of its segments. */
export interface Findings {
  /** At most {@link MOST_FINDINGS}; errors before warnings where not all of them have room. */
  readonly found: readonly Finding[];
  /** How many more there were. */
  readonly more: number;
  /** How many of all of them are errors. */
  readonly errors: number;
  /** How often each rule was broken. */
  readonly counts: ReadonlyMap<Rule, number>;
}

/** More say nothing new, and would make the list longer than the message. */
export const MOST_FINDINGS = 100;

/** Takes a finding. `severity` where it isn't the rule's own. */
export type Report = (
  rule: Rule,
  place: FindingPlace,
  position: number,
  says: string,
  severity?: Severity,
) => void;

/** Collects findings; those that `wanted` denies are as if never made. */
export function collectFindings(wanted: (finding: Finding) => boolean): {
  readonly report: Report;
  finish(): Findings;
} {
  const errors: Finding[] = [];
  const warnings: Finding[] = [];
  const counts = new Map<Rule, number>();
  let errorCount = 0;
  let count = 0;
  return {
    report(rule, place, position, says, severity = rules[rule].severity) {
      const { condition } = rules[rule];
      const finding = { severity, rule, path: pathOf(place), condition, ...place, position, says };
      if (!wanted(finding)) return;
      count += 1;
      counts.set(rule, (counts.get(rule) ?? 0) + 1);
      if (severity === 'error') errorCount += 1;
      const list = severity === 'error' ? errors : warnings;
      if (list.length < MOST_FINDINGS) list.push(finding);
    },
    finish() {
      const kept = [...errors, ...warnings].slice(0, MOST_FINDINGS);
      const found = kept.sort((a, b) => a.position - b.position || (a.field ?? 0) - (b.field ?? 0));
      return { found, more: count - found.length, errors: errorCount, counts };
    },
  };
}

function pathOf({ segment, index, field, repetition, component, subcomponent }: FindingPlace): string {
  let path = index === 1 ? segment : `${segment}[${index}]`;
  if (field === undefined) return path;
  path += `-${field}`;
  if (repetition !== undefined) path += `[${repetition}]`;
  if (component !== undefined) path += `.${component}`;
  return subcomponent === undefined ? path : `${path}.${subcomponent}`;
}
