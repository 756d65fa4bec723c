/** Does a channel take this message? Asked by intake before anything is answered; reads the header only. */
import { PipehatError } from '../errors.ts';
import type { Header } from '../hl7/header.ts';
import type { Reading } from './read.ts';
import type { Validation } from './validation.ts';

/** What a channel accepts. */
export interface Acceptance extends Reading {
  readonly messages: readonly MessagePattern[];
  readonly versions: VersionRange;
  /** Absent: what it takes is not validated. */
  readonly validation?: Validation | undefined;
}

/** `ADT^A01`: one event; `ADT^*`: every event of that code. */
export interface MessagePattern {
  readonly code: string;
  readonly event: string;
}

/** Both ends belong to it. An end stands for its point releases too: `2.5` for 2.5.1. */
export interface VersionRange {
  readonly from: string;
  readonly to: string;
}

/** The form of a message pattern. */
export const MESSAGE_PATTERN = '^[A-Z][A-Z0-9]{2}\\^([A-Z][A-Z0-9]{2}|\\*)$';

/** The form of a version range: `2.5.1`, or `2.3 - 2.8`. */
export const VERSIONS_PATTERN = '^2(\\.\\d){1,2}( - 2(\\.\\d){1,2})?$';

/** Reads text of the form {@link MESSAGE_PATTERN}. */
export function parseMessagePattern(text: string): MessagePattern {
  const [code = '', event = '*'] = text.split('^');
  return { code, event };
}

/** Reads text of the form {@link VERSIONS_PATTERN}. */
export function parseVersions(text: string): VersionRange {
  const [from = '', to = from] = text.split(' - ');
  return { from, to };
}

/**
 * Why the channel refuses a message with this header, or undefined when it takes it. `at` of the error is the field of
 * MSH. By HL7 2.9 §2.9.2.2, what MSH-9 and MSH-12 ask for and is not supported is AR; a missing control id is a faulty
 * message, AE.
 */
export function refusal(accept: Acceptance, header: Header): PipehatError | undefined {
  const { code, event, control_id, version } = header;
  if (control_id === '') return new PipehatError('control-id-missing', {}, { at: 'MSH-10' });
  if (!isInRange(version, accept.versions)) {
    const { from, to } = accept.versions;
    const expected = from === to ? from : `${from} to ${to}`;
    return new PipehatError('version-not-accepted', { expected, found: shown(version) }, { at: 'MSH-12' });
  }
  const ofCode = accept.messages.filter((pattern) => pattern.code === code);
  if (ofCode.length === 0) {
    const expected = [...new Set(accept.messages.map((pattern) => pattern.code))].join(', ');
    return new PipehatError('message-type-not-accepted', { expected, found: shown(code) }, { at: 'MSH-9.1' });
  }
  if (ofCode.some((pattern) => pattern.event === '*' || pattern.event === event)) return undefined;
  const expected = ofCode.map((pattern) => pattern.event).join(', ');
  return new PipehatError('trigger-event-not-accepted', { expected, found: shown(event) }, { at: 'MSH-9.2' });
}

function isInRange(version: string, { from, to }: VersionRange): boolean {
  return /^\d+(\.\d+)*$/.test(version) && compare(version, from) >= 0 && compare(version, to) <= 0;
}

/** Compares as far as `end` goes, so that 2.8.2 equals the end 2.8. */
function compare(version: string, end: string): number {
  const found = version.split('.').map(Number);
  for (const [i, number] of end.split('.').map(Number).entries()) {
    const difference = (found[i] ?? 0) - number;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Header facts may be shown, but not a novel that stands in their place. */
function shown(fact: string): string {
  return fact === '' ? 'nothing' : `"${fact.slice(0, 20)}"`;
}
