/** Text to bytes: a message as its receiver reads it, by the character set of MSH-18. */
import { PipehatError } from '../errors.ts';
import { namesOf } from './charset.ts';
import { codecOf, WIDE_SETS } from './charset-names.ts';
import { type Codec, isAsciiText } from './codec.ts';
import { readHeaderText } from './header.ts';
import { isHeader, readMessage } from './message.ts';

/** How a receiver wants its messages. */
export interface EncodeOptions {
  /** Names for MSH-18, in place of those that the message has; undefined leaves it as it is. */
  readonly charset?: readonly string[] | undefined;
  /**
   * What the set lacks. reject: an error. replace: the letter without its marks where the set has that, else a question
   * mark.
   */
  readonly unrepresentable?: 'reject' | 'replace' | undefined;
}

/** A message ready to be sent. */
export interface Encoded {
  readonly bytes: Buffer;
  /** What a receiver reads: the message with its MSH-18, and with substitutes where some were needed. */
  readonly text: string;
  /** What was replaced: how many, and where the first one was. Holds no value. */
  readonly says: string | undefined;
}

const UTF_8 = 'UNICODE UTF-8';

/**
 * The bytes that a receiver who goes by MSH-18 reads as this very text. Where MSH-18 is empty and the text is more than ASCII, it
 * becomes UNICODE UTF-8; so does a set of two or four bytes a character, which could hold the bytes that frame a message.
 * Throws `hl7-charset-unrepresentable` (its `at` is the first place), `hl7-charset-unknown`, and `hl7-no-msh`.
 */
export function encodeMessage(message: string, options: EncodeOptions = {}): Encoded {
  const own = namesOf(readHeaderText(message).charset);
  const wanted = options.charset ?? writable(own, message);
  const text = wanted === undefined ? message : withCharset(message, wanted);
  const names = namesOf(wanted ?? own);
  if (names.length === 0) return { bytes: Buffer.from(text), text, says: undefined };
  const codec = codecOf(names);
  const bytes = codec.encode(text);
  if (bytes !== undefined) return { bytes, text, says: undefined };
  const lacking = lackingOf(text, codec);
  const facts = { charset: names.join('~'), count: lacking.count, place: lacking.place };
  if (options.unrepresentable !== 'replace') {
    throw new PipehatError('hl7-charset-unrepresentable', facts, { at: lacking.place });
  }
  const replaced = Array.from(text, (character) => lacking.substitutes.get(character) ?? character).join('');
  const says = `characters that ${facts.charset} lacks were replaced: ${facts.count}, the first in ${facts.place}`;
  return { bytes: codec.encode(replaced)!, text: replaced, says };
}

/** What MSH-18 must become so that the message can be written; undefined where it can stay. */
function writable(own: readonly string[], message: string): readonly string[] | undefined {
  if (own.length === 0) return isAsciiText(message) ? undefined : [UTF_8];
  return WIDE_SETS.includes(own[0]!) ? [UTF_8] : undefined;
}

/** The message with other names in MSH-18, and nothing else changed. */
function withCharset(message: string, names: readonly string[]): string {
  const { delimiters } = readHeaderText(message);
  const end = /[\r\n]|$/.exec(message)!.index;
  const fields = message.slice(0, end).split(delimiters.field);
  while (fields.length < 18) fields.push('');
  // A message without a repetition separator can name one set only.
  fields[17] = delimiters.repetition === '' ? names[0]! : names.join(delimiters.repetition);
  return fields.join(delimiters.field) + message.slice(end);
}

interface Lacking {
  readonly count: number;
  /** Of the first one: `PID-5`, `OBX[3]-5`. */
  readonly place: string;
  /** For each character that the set lacks, one that it has. */
  readonly substitutes: ReadonlyMap<string, string>;
}

function lackingOf(text: string, codec: Codec): Lacking {
  const substitutes = new Map<string, string>();
  for (const character of new Set(text)) {
    if (codec.encode(character) === undefined) substitutes.set(character, substituteOf(character, codec));
  }
  let count = 0;
  for (const character of text) if (substitutes.has(character)) count += 1;
  return { count, place: placeOf(text, substitutes), substitutes };
}

/** The letter without its marks: `Ž` becomes `Z`. Only a letter or digit: a delimiter must not arise. */
function substituteOf(character: string, codec: Codec): string {
  const [base = ''] = character.normalize('NFKD');
  return /^[\p{L}\p{N}]$/u.test(base) && codec.encode(base) !== undefined ? base : '?';
}

function placeOf(text: string, lacking: ReadonlyMap<string, string>): string {
  const { segments, delimiters } = readMessage(text);
  const seen = new Map<string, number>();
  for (const segment of segments) {
    const index = (seen.get(segment.name) ?? 0) + 1;
    seen.set(segment.name, index);
    const fields = segment.text.split(delimiters.field);
    const at = fields.findIndex((field) => Array.from(field).some((character) => lacking.has(character)));
    if (at < 0) continue;
    const name = segment.name === '' ? `segment ${segment.position}` : segment.name;
    const number = isHeader(segment.name) ? at + 1 : at;
    return `${name}${index > 1 ? `[${index}]` : ''}-${number}`;
  }
  return 'MSH';
}
