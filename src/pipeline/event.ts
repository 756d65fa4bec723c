/** The envelope of a canonical event: what the mapping made, with where it came from and under which configuration. */
import type { CanonicalEvent } from '../event.ts';
import type { Message } from '../hl7/message.ts';
import { type Path, parsePath } from '../hl7/path.ts';
import type { Mapped } from '../mapping/mapping.ts';
import { uuidOf } from '../uuid.ts';
import type { ChannelContext } from './channel.ts';

const SENDING_APPLICATION: Path = parsePath('MSH-3');
const SENDING_FACILITY: Path = parsePath('MSH-4');

/** Puts the envelope around what a mapping made of `message` (as received, before any step changed it). */
export function canonicalEvent(
  mapped: Mapped,
  message: Message,
  channel: string,
  context: ChannelContext,
): CanonicalEvent {
  return {
    schema: 'pipehat.event/1',
    id: uuidOf(JSON.stringify([context.tenant, channel, context.message_id, context.config])),
    correlation_id: context.message_id,
    tenant: context.tenant,
    source_system: `${message.value(SENDING_APPLICATION)}@${message.value(SENDING_FACILITY)}`,
    type: mapped.type,
    action: mapped.action,
    ...(context.order_key === undefined ? {} : { order_key: context.order_key }),
    received_at: context.received_at,
    ...(mapped.occurred_at === undefined ? {} : { occurred_at: mapped.occurred_at }),
    ...(mapped.time_zone === undefined ? {} : { time_zone: mapped.time_zone }),
    payload_hash: context.payload_hash,
    channel,
    config: context.config,
    entries: mapped.entries,
  };
}
