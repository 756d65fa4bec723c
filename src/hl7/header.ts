/** The facts of MSH, read straight from the bytes: all that intake needs to judge a message. */
import { PipehatError } from '../errors.ts';
import { unicodeForm } from './byte-order.ts';
import { charsetName, codecOf, WIDE_SETS } from './charset-names.ts';
import type { Codec } from './codec.ts';
import { type Delimiters, readDelimiters, Segment } from './message.ts';
import { part, parts } from './parts.ts';

/**
 * MSH as the sender wrote it, one field each, not unescaped; `''` where it is empty. Raw bytes read as Latin-1, so that each is
 * kept whatever MSH-18 turns out to say; but where delimiters are found in decoded text only, decoded (see `codec`).
 */
export interface Header {
  /** What the texts here were decoded by, and must be written by; undefined for Latin-1. */
  readonly codec: Codec | undefined;
  /** It is all ASCII, so that decoding makes no difference. */
  readonly ascii: boolean;
  readonly delimiters: Delimiters;
  /** MSH-3 and MSH-4, first component (the namespace id of HD). */
  readonly sending_application: string;
  readonly sending_facility: string;
  /** MSH-5 and MSH-6, first component. */
  readonly receiving_application: string;
  readonly receiving_facility: string;
  /** MSH-3 to MSH-6 whole, for the answer. */
  readonly addresses: readonly [string, string, string, string];
  /** MSH-7. */
  readonly message_time: string;
  /** MSH-9: `ADT`, `A01`, `ADT_A01`. */
  readonly code: string;
  readonly event: string;
  readonly structure: string;
  /** MSH-10. */
  readonly control_id: string;
  /** MSH-11, whole. */
  readonly processing_id: string;
  /** MSH-12, first component. */
  readonly version: string;
  /** MSH-15 and MSH-16: table 0155. */
  readonly accept_ack: string;
  readonly application_ack: string;
  /** MSH-18, repetitions. */
  readonly charset: readonly string[];
}

const CR = 0x0d;
const LF = 0x0a;
const ESC = 0x1b;

/**
 * Reads MSH. `fallback` is the character set where MSH-18 names none. Throws `hl7-no-msh` when the bytes don't start with one;
 * a byte order mark before it is passed over.
 */
export function readHeader(bytes: Uint8Array, fallback: readonly string[] = []): Header {
  const form = unicodeForm(bytes);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(form?.mark ?? 0);
  if (form !== undefined && form.name !== 'UNICODE UTF-8') {
    return readHeaderText(form.codec.decode(buffer).text, form.codec);
  }
  let end = 0;
  let special = false;
  for (let byte = buffer[0]; byte !== undefined && byte !== CR && byte !== LF; byte = buffer[++end]) {
    special ||= byte >= 0x80 || byte === ESC;
  }
  // Latin-1 keeps every byte apart, whatever MSH-18 turns out to say.
  const header = readHeaderText(buffer.toString('latin1', 0, end), undefined, !special);
  return (special && overlapping(header, buffer.subarray(0, end), fallback)) || header;
}

/** The header, where the bytes have one. */
export function headerOf(bytes: Uint8Array): Header | undefined {
  try {
    return readHeader(bytes);
  } catch (error) {
    if (error instanceof PipehatError) return undefined;
    throw error;
  }
}

/**
 * MSH cut anew where half of a character may look like a delimiter, as in GB 18030 or Shift-JIS. Such a half only adds fields,
 * so the name of the set stands in MSH-18 of the first cut or further on.
 */
function overlapping(header: Header, line: Buffer, fallback: readonly string[]): Header | undefined {
  const { field, repetition } = header.delimiters;
  const cuts = parts(line.toString('latin1'), field).slice(17);
  for (const written of [...cuts.map((cut) => parts(cut, repetition)), fallback]) {
    const names = written.map((name) => (name === '' ? 'ASCII' : charsetName(name)));
    if (!names.every((name) => name !== undefined) || names.length === 0 || WIDE_SETS.includes(names[0]!))
      continue;
    const codec = codecOf(names);
    const { text, faults } = codec.overlaps ? codec.decode(line) : NOT_READ;
    const found = faults === undefined ? readHeaderText(text, codec) : undefined;
    if (found !== undefined && (written === fallback || found.charset.join() === written.join()))
      return found;
  }
  return undefined;
}

const NOT_READ = { text: '', faults: { count: 1, offset: 0 } };

/** {@link readHeader} of text: the first line of a message. `codec` is what it was decoded by. Throws `hl7-no-msh`. */
export function readHeaderText(message: string, codec?: Codec, ascii = false): Header {
  const text = /^[^\r\n]*/.exec(message)![0];
  const delimiters = readDelimiters(text);
  const segment = new Segment(text, 1, delimiters);
  const first = (raw: string): string => part(raw, delimiters.component, 1);
  const type = segment.field(9);
  const addresses = [3, 4, 5, 6].map((n) => segment.field(n)) as [string, string, string, string];
  return {
    codec,
    ascii,
    delimiters,
    sending_application: first(addresses[0]),
    sending_facility: first(addresses[1]),
    receiving_application: first(addresses[2]),
    receiving_facility: first(addresses[3]),
    addresses,
    message_time: first(segment.field(7)),
    code: first(type),
    event: part(type, delimiters.component, 2),
    structure: part(type, delimiters.component, 3),
    control_id: segment.field(10),
    processing_id: segment.field(11),
    version: first(segment.field(12)),
    accept_ack: segment.field(15),
    application_ack: segment.field(16),
    charset: segment.repetitions(18),
  };
}

/** A text made of `header`'s, such as an answer, as the bytes that its sender reads. */
export function headerBytes(header: Header | undefined, text: string): Buffer {
  return header?.codec?.encode(text) ?? Buffer.from(text, 'latin1');
}
