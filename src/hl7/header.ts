/** The facts of MSH, read straight from the bytes: all that intake needs to judge a message. */
import { type Delimiters, readDelimiters, Segment } from './message.ts';
import { part } from './parts.ts';

/** MSH as the sender wrote it, one field each; `''` where it is empty. Raw bytes read as Latin-1, not unescaped. */
export interface Header {
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

/** Reads MSH. Throws `hl7-no-msh` when the bytes don't start with one. */
export function readHeader(bytes: Uint8Array): Header {
  let end = 0;
  while (end < bytes.length && bytes[end] !== CR && bytes[end] !== LF) end += 1;
  // Latin-1 keeps every byte apart, whatever MSH-18 turns out to say.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('latin1');
  const delimiters = readDelimiters(text);
  const segment = new Segment(text, 1, delimiters);
  const first = (raw: string): string => part(raw, delimiters.component, 1);
  const type = segment.field(9);
  const addresses = [3, 4, 5, 6].map((n) => segment.field(n)) as [string, string, string, string];
  return {
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
