/** Character sets of MSH-18 (table 0211): bytes to text, strictly. What can't be read is an error, never a guess. */
import { PipehatError } from '../errors.ts';

/** Table 0211 to the labels of the WHATWG Encoding Standard, which the runtime knows. */
const LABELS: Readonly<Record<string, string>> = {
  ASCII: 'utf-8',
  'UNICODE UTF-8': 'utf-8',
  UNICODE: 'utf-8',
  'UTF-8': 'utf-8',
  '8859/1': 'iso-8859-1',
  '8859/2': 'iso-8859-2',
  '8859/3': 'iso-8859-3',
  '8859/4': 'iso-8859-4',
  '8859/5': 'iso-8859-5',
  '8859/6': 'iso-8859-6',
  '8859/7': 'iso-8859-7',
  '8859/8': 'iso-8859-8',
  '8859/9': 'iso-8859-9',
  '8859/15': 'iso-8859-15',
};

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
  const named = (charset[0] ?? '').trim();
  const label = named === '' ? 'utf-8' : LABELS[named.toUpperCase()];
  if (label === undefined) {
    throw new PipehatError('hl7-charset-unknown', { found: named.slice(0, 20) }, { at: 'MSH-18' });
  }
  try {
    // A TextDecoder keeps state between calls only when asked to stream; a new one is cheap all the same.
    const text = new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes);
    return { text, warnings: named === '' && text.length !== bytes.length ? ['charset-assumed'] : [] };
  } catch (cause) {
    throw new PipehatError(
      'hl7-charset-undecodable',
      { charset: named || 'UTF-8 (MSH-18 is empty)' },
      { at: 'MSH-18', cause },
    );
  }
}
