/** A compiled mapping, as channels and commands use it. */
import type { CanonicalEvent } from '../event.ts';
import type { Message } from '../hl7/message.ts';

/** What a run needs beside the message. */
export interface MappingContext {
  readonly tenant: string;
  /** The zone of times that come without an offset: an IANA name, or a fixed offset such as `+01:00`. */
  readonly time_zone: string;
  /** Resource types that the mapping makes only when it is asked to. */
  readonly include?: readonly string[] | undefined;
}

/** What a mapping could not carry over: an HL7 path, and why. Holds no value of the field. */
export interface Warning {
  readonly path: string;
  readonly says: string;
}

/** What a mapping gives: the event without its envelope. */
export interface Mapped
  extends Pick<CanonicalEvent, 'type' | 'action' | 'occurred_at' | 'time_zone' | 'entries'> {
  readonly warnings: readonly Warning[];
}

/** One mapping: all files of one folder, compiled. */
export interface Mapping {
  readonly name: string;
  /** Resource types that are made only when asked for (`MappingContext.include`). */
  readonly optional: ReadonlySet<string>;
  /** Is there a message map for this type (MSH-9.1) and trigger event (MSH-9.2)? */
  accepts(header: { readonly code: string; readonly event: string }): boolean;
  /** Pure. Throws a PipehatError with the HL7 path in `at` when the message can't be mapped. */
  run(message: Message, context: MappingContext): Mapped;
}
