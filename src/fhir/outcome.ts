/**
 * Reads an OperationOutcome down to what may be shown and logged. `diagnostics` and `details.text` are free text
 * and may quote the data they complain about, so they are left where they are: in the sealed answer.
 */

/** FHIR element paths such as `Patient.name[0].given` and `Bundle.entry[0].resource.ofType(Patient)`, without any value. */
const ELEMENT_PATH = /^[A-Z][A-Za-z]+(\.[a-zA-Z]+(\[\d{1,4}\]|\([A-Za-z]{0,40}\))?){0,12}$/;
/** Severities and codes of R4 (value sets issue-severity and issue-type). Nothing else is shown: a server may put anything there. */
const SEVERITIES = new Set(['fatal', 'error', 'warning', 'information']);
const ISSUE_TYPES = new Set([
  ...[
    'invalid',
    'structure',
    'required',
    'value',
    'invariant',
    'security',
    'login',
    'unknown',
    'expired',
    'forbidden',
  ],
  ...[
    'suppressed',
    'processing',
    'not-supported',
    'duplicate',
    'multiple-matches',
    'not-found',
    'deleted',
    'too-long',
  ],
  ...[
    'code-invalid',
    'extension',
    'too-costly',
    'business-rule',
    'conflict',
    'transient',
    'lock-error',
    'no-store',
  ],
  ...['exception', 'timeout', 'incomplete', 'throttled', 'informational'],
]);
/** Codes of details in the form of the R4 code system operation-outcome: `MSG_DUPLICATE_ID`. */
const DETAILS_CODE = /^[A-Z]+(_[A-Z]+){1,9}$/;
/** More issues than these are only counted. */
const MAX_ISSUES_SHOWN = 3;

/** One issue, free of content. Parts that don't look like what they should be are left out. */
export interface OutcomeIssue {
  /** `fatal`, `error`, `warning` or `information`. */
  readonly severity: string;
  /** Of the value set issue-type, such as `duplicate`. */
  readonly code: string;
  /** Codes of `details`, such as `MSG_NO_MATCH`. */
  readonly details: readonly string[];
  /** Paths of the elements it is about. */
  readonly expressions: readonly string[];
}

/** The issues in the text of an answer; none where it holds no OperationOutcome. */
export function readOutcome(text: string): OutcomeIssue[] {
  if (!text.includes('OperationOutcome')) return []; // Spares parsing each good answer.
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return []; // HTML of a proxy, for instance. The status tells enough, and the text is kept with the attempt.
  }
  return outcomeIssues(body);
}

/** The issues of a parsed OperationOutcome; none where it is something else. */
export function outcomeIssues(resource: unknown): OutcomeIssue[] {
  if (property(resource, 'resourceType') !== 'OperationOutcome') return [];
  return list(property(resource, 'issue')).map((issue) => ({
    severity: among(SEVERITIES, property(issue, 'severity')) ?? 'error',
    code: among(ISSUE_TYPES, property(issue, 'code')) ?? 'unknown',
    details: list(property(property(issue, 'details'), 'coding')).flatMap(
      (coding) => matching(DETAILS_CODE, property(coding, 'code')) ?? [],
    ),
    expressions: list(property(issue, 'expression')).flatMap((path) => matching(ELEMENT_PATH, path) ?? []),
  }));
}

/** The issues in one line, such as `error value at Patient.birthDate; error required at Patient.name`. */
export function describeIssues(issues: readonly OutcomeIssue[]): string {
  if (issues.length === 0) return 'no OperationOutcome';
  const shown = issues.slice(0, MAX_ISSUES_SHOWN).map(({ severity, code, details, expressions }) => {
    const place = expressions.length === 0 ? '' : ` at ${expressions.join(', ')}`;
    return `${[severity, code, ...details].join(' ')}${place}`;
  });
  const more = issues.length - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function among(codes: ReadonlySet<string>, value: unknown): string | undefined {
  return typeof value === 'string' && codes.has(value) ? value : undefined;
}

function matching(pattern: RegExp, value: unknown): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value : undefined;
}
