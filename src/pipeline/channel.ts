/**
 * One message through one channel: the steps in their order, then every route. Pure: the same message, channel and
 * context give the same result, byte for byte.
 */
import type { Body, SourceDefinition } from '../component.ts';
import type { CanonicalEvent } from '../event.ts';
import type { Message } from '../hl7/message.ts';
import type { Mapped, Warning } from '../mapping/mapping.ts';
import type { Acceptance } from './accept.ts';
import type { Acknowledge } from './acknowledge.ts';
import { canonicalEvent } from './event.ts';
import { type FilterStep, passes } from './filter.ts';
import type { Order } from './order.ts';
import { isTaken, type Route } from './route.ts';
import { type SetStep, setAll } from './set.ts';
import type { TransformStep } from './transform.ts';
import { type OffsetFrom, zoneOf } from './zone.ts';

/** A checked channel file, compiled: ready to run. */
export interface Channel {
  readonly name: string;
  readonly description: string;
  /** Its file, relative to the site's folder. */
  readonly file: string;
  /** What makes its source. `options` are checked, with references still in them (see `config/reference.ts`). */
  readonly source: {
    readonly definition: SourceDefinition;
    readonly options: Readonly<Record<string, unknown>>;
  };
  readonly accept: Acceptance;
  /** IANA zone of times without an offset; undefined for the site's. */
  readonly time_zone?: string | undefined;
  /** What such times go by; undefined for `zone`. */
  readonly offset_from?: OffsetFrom | undefined;
  readonly ack: Acknowledge;
  readonly order: Order;
  /** How many lanes its messages are spread over. */
  readonly lanes: number;
  /** Longer parts of its messages are kept apart from them. */
  readonly lift_from_bytes: number;
  readonly steps: readonly Step[];
  readonly routes: readonly Route[];
}

/** One step of a channel. `transform` stands at most once. */
export type Step = FilterStep | SetStep | TransformStep;

/** What the engine knows of a message beyond its text. */
export interface ChannelContext {
  /** UUID of the stored message. */
  readonly message_id: string;
  /** ISO 8601 with offset. */
  readonly received_at: string;
  /** SHA-256 of the bytes as received, hex. */
  readonly payload_hash: string;
  readonly tenant: string;
  /** IANA zone of the site, for channels that have none of their own. */
  readonly time_zone: string;
  /** Content hash of the configuration in force, hex. */
  readonly config: string;
  /** Keyed hash of the order key, hex; undefined where nothing orders the message. */
  readonly order_key: string | undefined;
}

/** What came of a message. An error is thrown as a PipehatError. */
export type Result =
  | {
      readonly state: 'filtered';
      /** The step that dropped it, such as `step 1: filter PV1-2 == "I"`. */
      readonly by: string;
    }
  | {
      readonly state: 'processed';
      /** Made by the channel's `transform`; a channel without one makes none. */
      readonly event: CanonicalEvent | undefined;
      /** In the order of the routes. Empty when no route took the message. */
      readonly deliveries: readonly Outgoing[];
      /** What the mapping could not carry over. */
      readonly warnings: readonly Warning[];
    };

/** A body on its way to a system. */
export interface Outgoing {
  readonly system: string;
  readonly body: Body;
}

/** Runs `message` through `channel`. Throws a PipehatError when a step fails. */
export function runChannel(channel: Channel, message: Message, context: ChannelContext): Result {
  let current = message;
  let mapped: Mapped | undefined;
  const time_zone = zoneOf(message, channel.time_zone ?? context.time_zone, channel.offset_from ?? 'zone');
  for (const step of channel.steps) {
    if (step.kind === 'set') current = setAll(step, current);
    else if (step.kind === 'transform')
      mapped = step.mapping.run(current, { ...context, time_zone, include: step.include });
    else if (!passes(step, current)) return { state: 'filtered', by: step.label };
  }
  const event = mapped && canonicalEvent(mapped, message, channel.name, context);
  const deliveries: Outgoing[] = [];
  for (const route of channel.routes) {
    if (isTaken(route, current)) deliveries.push({ system: route.to, body: bodyFor(route, current, event) });
  }
  return { state: 'processed', event, deliveries, warnings: mapped?.warnings ?? [] };
}

function bodyFor(route: Route, message: Message, event: CanonicalEvent | undefined): Body {
  if (route.takes === 'hl7') return { kind: 'hl7', text: message.text };
  if (event === undefined)
    throw new Error(`route to ${route.to} takes events, but the channel has no transform`);
  return { kind: 'event', event, write: route.write };
}
