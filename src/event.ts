/**
 * Canonical events: what a message means, free of HL7 v2 and of any vendor. `docs/events.md` documents the envelope.
 */
import type { Resource } from '@medplum/fhirtypes';

/** A business identifier with its authority, such as an MRN: how a resource is found in any system. */
export interface Identity {
  /** URI of the assigning authority: a URL, `urn:oid:…`, or a stable local `urn:…`. Never empty. */
  readonly system: string;
  readonly value: string;
}

/** One resource of an event. `resource.id` is a UUID derived from tenant, type and identity, the same every time. */
export interface EventEntry {
  readonly resource: Resource & { readonly id: string };
  readonly identity: Identity;
  /**
   * Only mentioned by the message, as the patient is by a result: a destination creates it where it is missing and never
   * changes it. Absent where the event is about it.
   */
  readonly context?: true;
  /**
   * Top-level elements that the sender asks to delete, by sending `""` (HL7 v2.5.1 §2.5.3.2), and that nothing else in the message fills.
   * Absent where there is none.
   */
  readonly removed?: readonly string[];
}

/** What happened to the thing the event is about. */
export type EventAction = 'create' | 'update' | 'cancel' | 'delete';

/** The envelope and its content. Times are ISO 8601 with offset. References inside are `Type/id` of other entries. */
export interface CanonicalEvent {
  readonly schema: 'pipehat.event/1';
  /** UUID, derived from tenant, channel, message and configuration: the same input gives the same id. */
  readonly id: string;
  /** The same for all events and deliveries that come from one message: the message's own UUID. */
  readonly correlation_id: string;
  readonly tenant: string;
  /** MSH-3 and MSH-4 of the sender, as `application@facility`. */
  readonly source_system: string;
  /** `noun.past-participle`: `encounter.admitted`, `patient.updated`, `result.received`. */
  readonly type: string;
  readonly action: EventAction;
  /** Keyed hash of what the order hangs on (see the channel's `order`), hex; absent where nothing does. */
  readonly order_key?: string;
  readonly received_at: string;
  /** When it happened at the source (EVN-2, EVN-6, OBR-22, else MSH-7). */
  readonly occurred_at?: string;
  /**
   * The zone that was taken for times that came without an offset: an IANA name, or the offset of MSH-7. Absent where every time
   * had its own.
   */
  readonly time_zone?: string;
  /** SHA-256 of the bytes as received, hex. */
  readonly payload_hash: string;
  readonly channel: string;
  /** Content hash of the configuration in force, hex. */
  readonly config: string;
  /** Resources, each before the ones that refer to it. */
  readonly entries: readonly EventEntry[];
}
