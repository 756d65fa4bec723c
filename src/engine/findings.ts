/** What validation found, in the forms of the store and of an answer. Places, rules and counts; no values. */
import type { PipehatError } from '../errors.ts';
import type { AckProblem } from '../hl7/ack-error.ts';
import type { Findings } from '../hl7/finding.ts';
import { errorsOf } from '../pipeline/validation.ts';
import type { StoredFindings } from '../store/messages.ts';
import { problemOf } from './answer.ts';

/** An answer names so many errors; the others are with the message. */
const MOST_IN_ANSWER = 10;

/** As kept with the message; undefined when nothing was found. */
export function storedFindings({ found, more }: Findings): string | undefined {
  if (found.length === 0) return undefined;
  const list = found.map(({ severity, rule, path, condition, says }) => ({
    severity,
    rule,
    path,
    condition,
    says,
  }));
  return JSON.stringify({ list, more } satisfies StoredFindings);
}

/** What ERR says of a refusal: one for each error that was found, with its own place and condition; else the one of the refusal. */
export function problemsOf(refused: PipehatError, findings: Findings | undefined): AckProblem[] {
  if (findings === undefined) return [problemOf(refused)];
  return errorsOf(findings.found)
    .slice(0, MOST_IN_ANSWER)
    .map(({ rule, says, condition, path }) => ({ severity: 'E', code: rule, says, condition, at: path }));
}
