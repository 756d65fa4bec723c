/** Character sets of MSH-18 (table 0211): bytes to text, strictly. What can't be read is an error, never a guess. */
import { PipehatError } from '../errors.ts';

/**
 * Table 0211 to the labels of the WHATWG Encoding Standard, which the runtime knows. By that standard 8859/1 reads as
 * Windows-1252, which is what senders mean by it: the two differ only where ISO 8859-1 has control codes.
 */
const LABELS: ReadonlyMap<string, string> = new Map([
  ['ASCII', 'utf-8'],
  ['UNICODE UTF-8', 'utf-8'],
  ['UNICODE', 'utf-8'],
  ['UTF-8', 'utf-8'],
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15].map((n): [string, string] => [`8859/${n}`, `iso-8859-${n}`]),
]);

/** Text, and what the sender should hear of. */
export interface Decoded {
  readonly text: string;
  /** `charset-assumed`: MSH-18 names none and the bytes aren't ASCII; they are valid UTF-8 and were read as that. */
  readonly warnings: readonly 'charset-assumed'[];
}

/**
 * Decodes a message by its MSH-18. Without one, plain ASCII and valid UTF-8 are read as they are.
 * Throws `hl7-charset-unknown` and `hl7-charset-undecodable`, both at MSH-18.
 */
export function decode(bytes: Uint8Array, charset: readonly string[]): Decoded {
  const named = (charset[0] ?? '').trim().toUpperCase();
  const label = named === '' ? 'utf-8' : LABELS.get(named);
  if (label === undefined) {
    throw new PipehatError('hl7-charset-unknown', { found: named.slice(0, 20) }, { at: 'MSH-18' });
  }
  const text = decodeAs(label, bytes);
  if (text === undefined || (named === 'ASCII' && text.length !== bytes.length)) {
    const name = named || 'UTF-8 (MSH-18 is empty)';
    throw new PipehatError('hl7-charset-undecodable', { charset: name }, { at: 'MSH-18' });
  }
  return { text, warnings: named === '' && text.length !== bytes.length ? ['charset-assumed'] : [] };
}

/** The text, or undefined where the bytes are none of that set. */
function decodeAs(label: string, bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
