/** `transform`: a mapping makes the content of the canonical event. */
import type { CanonicalEvent } from '../event.ts';
import type { Message } from '../hl7/message.ts';

/** A transform as the channel file gives it. */
export interface TransformStep {
  readonly kind: 'transform';
  /** Number and text of the step, for traces. */
  readonly label: string;
  readonly mapping: Mapping;
}

/** What a channel needs of a compiled mapping (see `mapping/`). */
export interface Mapping {
  readonly name: string;
  /** Throws a PipehatError with the HL7 path in `at` when the message can't be mapped. */
  run(message: Message, context: { readonly tenant: string; readonly time_zone: string }): Mapped;
}

/** What a mapping gives: the event without its envelope. */
export interface Mapped extends Pick<CanonicalEvent, 'type' | 'action' | 'occurred_at' | 'entries'> {
  readonly warnings: readonly Warning[];
}

/** What a mapping could not carry over: an HL7 path, and why. Holds no value of the field. */
export interface Warning {
  readonly path: string;
  readonly says: string;
}
