/**
 * Validation of a message by the standard: segments against the structure, and fields against the definitions of the version.
 *
 * Not checked: what is conditional (usage C), since the standard says its conditions in prose; the forms of telephone numbers and
 * addresses; what lies deeper than subcomponents.
 */
import { knownVersions } from './dictionary.ts';
import { collectFindings, type Finding, type Findings } from './finding.ts';
import { type Message, readMessage } from './message.ts';
import { validateFields } from './validate-fields.ts';
import { validateStructure } from './validate-structure.ts';
import { nearestVersion } from './version.ts';

/** What else there is to say about it. */
export interface ValidateOptions {
  /** Findings that it denies are as if never made. */
  readonly wanted?: (finding: Finding) => boolean;
  /** Further checks, such as those of a site's profile. */
  readonly more?: (report: Parameters<typeof validateFields>[2]) => void;
}

/**
 * Validates `message` by the definitions of `version`; a version that isn't known reads as the nearest older one. Pure,
 * never throws, takes time linear in the message.
 */
export function validate(message: Message, version: string, options: ValidateOptions = {}): Findings {
  const { report, finish } = collectFindings(options.wanted ?? (() => true));
  const nearest = nearestVersion(version, knownVersions);
  validateStructure(message, nearest, report);
  validateFields(message, nearest, report);
  options.more?.(report);
  return finish();
}

/** Reads the dictionaries, which takes a second once: before the first message, so that none waits for it. */
export function prepareValidation(): void {
  const message = readMessage('MSH|^~\\&|||||||ACK|1|P|2.5.1\rMSA|AA|1\r');
  validate(message, '2.5.1');
}
