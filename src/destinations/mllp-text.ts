/** Messages as bytes and answers as text, for the destination `mllp`. */
import { isUtf8 } from 'node:buffer';
import { PipehatError } from '../errors.ts';
import { decode } from '../hl7/charset.ts';
import { readHeader } from '../hl7/header.ts';

/**
 * The bytes that a receiver who goes by MSH-18 reads as this very text; UTF-8 where MSH-18 is empty.
 * Throws `mllp-charset-unwritable` where there are none, `hl7-charset-unknown`, and `hl7-no-msh`.
 */
export function encodeMessage(text: string): Buffer {
  const utf8 = Buffer.from(text);
  if (utf8.length === text.length) return utf8; // ASCII, which every set of MSH-18 contains.
  const { charset } = readHeader(utf8);
  if (reads(utf8, charset) === text) return utf8;
  const bytes = encodeSingly(text, charset);
  if (bytes === undefined) {
    throw new PipehatError('mllp-charset-unwritable', { charset: charset[0] }, { at: 'MSH-18' });
  }
  return bytes;
}

/** An answer's text to keep, never to judge by: UTF-8 if it can be, else Latin-1. */
export function readableAnswer(answer: Buffer): string {
  return answer.toString(isUtf8(answer) ? 'utf8' : 'latin1');
}

/** The text in a set of one byte a character, or undefined where it lacks one of them. */
function encodeSingly(text: string, charset: readonly string[]): Buffer | undefined {
  const byteOf = new Map(Array.from({ length: 256 }, (_, byte) => [reads(Buffer.of(byte), charset), byte]));
  const bytes = Array.from(text, (character) => byteOf.get(character));
  return bytes.every((byte) => byte !== undefined) ? Buffer.from(bytes) : undefined;
}

/** What a receiver reads, or undefined where these bytes are none of that set. */
function reads(bytes: Buffer, charset: readonly string[]): string | undefined {
  try {
    return decode(bytes, charset).text;
  } catch (error) {
    if (error instanceof PipehatError && error.code === 'hl7-charset-undecodable') return undefined;
    throw error;
  }
}
