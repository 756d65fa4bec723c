/** Received bytes as a message, under the rules of the channel they came into: the one place where that is decided. */
import { type CharsetSource, decode } from '../hl7/charset.ts';
import { type Header, readHeader, readHeaderText } from '../hl7/header.ts';
import { type Message, readMessage } from '../hl7/message.ts';

/** What a channel says of the bytes that it takes. */
export interface Reading {
  /** Character sets, as MSH-18 would list them, of messages that name none. */
  readonly charset?: readonly string[] | undefined;
}

/** A message, read. */
export interface Received {
  /** MSH as it was sent: what the answer is made of. */
  readonly header: Header;
  /** MSH decoded: what people see. */
  readonly facts: Header;
  readonly message: Message;
  /** The set it was read by, and what told. */
  readonly charset: string;
  readonly source: CharsetSource;
  /** What was odd about it although it could be read. */
  readonly warning: 'charset-assumed' | undefined;
}

/**
 * Reads received bytes. `header` spares reading MSH again where that was done. Throws `hl7-no-msh`, `hl7-charset-unknown` and
 * `hl7-charset-undecodable`.
 */
export function readReceived(
  { charset: fallback }: Reading,
  bytes: Uint8Array,
  header: Header = readHeader(bytes, fallback),
): Received {
  const { text, charset, source, warnings } = decode(bytes, header.charset, fallback);
  // Decoding makes no difference to a header of ASCII, or to one that was decoded already.
  const facts = header.ascii || header.codec !== undefined ? header : readHeaderText(text);
  return { header, facts, message: readMessage(text), charset, source, warning: warnings[0] };
}
