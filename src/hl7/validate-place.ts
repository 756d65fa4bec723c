/** Where a check stands in a message. One object goes through the whole message, so that checks allocate nothing. */
import type { FindingPlace, Report, Rule, Severity } from './finding.ts';
import type { Delimiters } from './message.ts';

/** The place under the eye of a check; 0 stands for a level that it isn't on. */
export class Cursor {
  readonly delimiters: Delimiters;
  readonly #report: Report;
  segment = '';
  index = 1;
  position = 1;
  field = 0;
  repetition = 0;
  component = 0;
  subcomponent = 0;

  constructor(delimiters: Delimiters, report: Report) {
    this.delimiters = delimiters;
    this.#report = report;
  }

  /** Goes to field `n` of the segment it is in. */
  toField(n: number): void {
    this.field = n;
    this.repetition = 0;
    this.component = 0;
    this.subcomponent = 0;
  }

  /** Reports that the place breaks `rule`. */
  report(rule: Rule, says: string, severity?: Severity): void {
    this.#report(rule, this.#place(), this.position, says, severity);
  }

  #place(): FindingPlace {
    const { segment, index, field, repetition, component, subcomponent } = this;
    return {
      segment,
      index,
      field,
      ...(repetition === 0 ? {} : { repetition }),
      ...(component === 0 ? {} : { component }),
      ...(subcomponent === 0 ? {} : { subcomponent }),
    };
  }
}

/** Checks the raw text of a place that has a value. */
export type Check = (raw: string, at: Cursor) => void;

/** HL7's word for "none": it deletes what the receiver has. */
export const NULL = '""';
