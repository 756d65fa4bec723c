/**
 * Every error that Pipehat can report, in one table: code, class, what it says, what to do.
 *
 * The **class** decides what happens next, and is decided where the error happens:
 * - `transient`: nothing was done; the same attempt may work later.
 * - `ambiguous`: it was sent and no answer came; whether it was done is not known.
 * - `permanent`: it was refused for good; only a change (of message, file or system) helps.
 *
 * A message says what was expected, what was found and where; `advice` says what to do. Neither ever holds the
 * value of an HL7 field beyond the facts of MSH: error texts go to logs, ACKs and screens, and PHI does not.
 *
 * `ack` and `condition` are the MSA-1 (table 0008) and ERR-3 (table 0357) that a sender gets for it.
 */

/** What can be done about an error. See the head of this file. */
export type ErrorClass = 'transient' | 'ambiguous' | 'permanent';

/** One row of the table of errors. `{name}` in `says` stands for a fact given when the error is made. */
export interface ErrorDefinition {
  readonly class: ErrorClass;
  readonly says: string;
  readonly advice: string;
  /** MSA-1 (HL7 table 0008): AE = try again or mend it, AR = never as it is. */
  readonly ack?: 'AE' | 'AR';
  /** ERR-3 (HL7 table 0357), such as 200 = unsupported message type. */
  readonly condition?: '100' | '101' | '102' | '103' | '200' | '201' | '202' | '203' | '204' | '205' | '206' | '207';
}

export const errors = {
  // --- HL7 v2 (src/hl7)
  'hl7-no-msh': {
    class: 'permanent',
    ack: 'AR',
    condition: '100',
    says: 'expected a message that starts with MSH and its delimiters, found {found}',
    advice: 'Check that the sender sends HL7 v2 and not another protocol to this port.',
  },
  'hl7-bad-path': {
    class: 'permanent',
    says: 'expected an HL7 path such as PID-3[2].4.1, found "{path}"',
    advice: 'Write SEGMENT-FIELD, then [repetition], .component and .subcomponent where needed.',
  },
  'hl7-bad-date': {
    class: 'permanent',
    ack: 'AE',
    condition: '102',
    says: 'expected a date as YYYY[MM[DD[HH[MM[SS[.S…]]]]]][+/-ZZZZ], found one of another form or an impossible one',
    advice: 'Mend the date at the sender, or leave the field out of the mapping.',
  },
} as const satisfies Record<string, ErrorDefinition>;

/** The code of an error: a key of {@link errors}. */
export type ErrorCode = keyof typeof errors;

/** Facts that fill the `{name}` places of an error's text. Never the value of an HL7 field. */
export type ErrorFacts = Readonly<Record<string, string | number | undefined>>;

/** The definition of `code`, as the general type. */
export function errorDefinition(code: ErrorCode): ErrorDefinition {
  return errors[code];
}

/** An error from the table. `at` is a place: an HL7 path, or `file:line:column`. */
export class PipehatError extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;
  readonly at: string | undefined;

  constructor(code: ErrorCode, facts: ErrorFacts = {}, more: { at?: string | undefined; cause?: unknown } = {}) {
    super(fillIn(errors[code].says, facts), more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'PipehatError';
    this.code = code;
    this.facts = facts;
    this.at = more.at;
  }

  get class(): ErrorClass {
    return errors[this.code].class;
  }

  get advice(): string {
    return fillIn(errors[this.code].advice, this.facts);
  }
}

function fillIn(template: string, facts: ErrorFacts): string {
  return template.replace(/\{(\w+)\}/g, (place, name: string) => String(facts[name] ?? place));
}
