/** What a channel wants checked of its messages, and what becomes of those that break it. Pure. */
import { PipehatError } from '../errors.ts';
import type { Finding, Findings } from '../hl7/finding.ts';
import type { Header } from '../hl7/header.ts';
import type { Message } from '../hl7/message.ts';
import { validate } from '../hl7/validate.ts';
import { isWanted, judgeByProfile, type Profile } from './profile.ts';

/** The validation of a channel. A channel without one checks nothing. */
export interface Validation {
  /** `warn`: messages with errors are taken, and what was found is kept with them; `reject`: they are answered AE. */
  readonly mode: 'warn' | 'reject';
  readonly profile: Profile | undefined;
}

/** What breaks the standard in the version of MSH-12, and the profile where there is one. */
export function findingsIn(message: Message, version: string, profile?: Profile): Findings {
  if (profile === undefined) return validate(message, version);
  return validate(message, version, {
    wanted: (finding) => isWanted(profile, finding),
    more: (report) => judgeByProfile(profile, message, report),
  });
}

/** What was found in a message, and the refusal where it has errors that the channel doesn't take. */
export interface Validated {
  readonly findings: Findings;
  readonly refused: PipehatError | undefined;
}

/** Validates a message for its channel; undefined when the channel asks for nothing. */
export function validated(
  validation: Validation | undefined,
  message: Message,
  { version }: Pick<Header, 'version'>,
): Validated | undefined {
  if (validation === undefined) return undefined;
  const findings = findingsIn(message, version, validation.profile);
  const isRefused = validation.mode === 'reject' && findings.errors > 0;
  return { findings, refused: isRefused ? refusalOf(findings) : undefined };
}

/** Errors before warnings leave room for no warning, so the first error is always among what was kept. */
function refusalOf({ found, errors }: Findings): PipehatError {
  const [first] = errorsOf(found);
  const facts = { count: errors === 1 ? '1 error' : `${errors} errors`, says: first!.says };
  return new PipehatError('message-invalid', facts, { at: first!.path });
}

/** Only the errors. */
export function errorsOf(found: readonly Finding[]): Finding[] {
  return found.filter(({ severity }) => severity === 'error');
}
