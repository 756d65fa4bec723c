/** What a channel makes of one message, in the form that channel tests compare and people read. */
import type { Body } from '../component.ts';
import { PipehatError } from '../errors.ts';
import { readHeader } from '../hl7/header.ts';
import { refusal } from '../pipeline/accept.ts';
import { type Channel, type ChannelContext, runChannel } from '../pipeline/channel.ts';
import { readReceived } from '../pipeline/read.ts';
import { validated } from '../pipeline/validation.ts';

/** What came of it: dropped, failed, or a text for each system. */
export type Outcome =
  | { readonly kind: 'filtered'; readonly by: string }
  | { readonly kind: 'error'; readonly error: PipehatError }
  | { readonly kind: 'outputs'; readonly outputs: Readonly<Record<string, string>> };

/** Runs the bytes of a message through a channel as intake and engine would, without store, queue or destination. */
export function outcomeOf(channel: Channel, bytes: Uint8Array, context: ChannelContext): Outcome {
  try {
    const header = readHeader(bytes, channel.accept.charset);
    const refused = refusal(channel.accept, header);
    if (refused !== undefined) return { kind: 'error', error: refused };
    const { message, facts } = readReceived(channel.accept, bytes, header);
    const invalid = validated(channel.accept.validation, message, facts)?.refused;
    if (invalid !== undefined) return { kind: 'error', error: invalid };
    const result = runChannel(channel, message, context);
    if (result.state === 'filtered') return { kind: 'filtered', by: result.by };
    const outputs = result.deliveries.map(({ system, body }) => [system, render(body)]);
    return { kind: 'outputs', outputs: Object.fromEntries(outputs) };
  } catch (error) {
    if (error instanceof PipehatError) return { kind: 'error', error };
    throw error;
  }
}

/**
 * An event as indented JSON: its type, the resources to write, and which of them are context, that is, created where
 * they are missing and never changed. A message as it is.
 */
function render(body: Body): string {
  if (body.kind === 'hl7') return body.text;
  const { event, write } = body;
  const { type, action, occurred_at } = event;
  const written = event.entries.filter(({ resource }) => write?.includes(resource.resourceType) ?? true);
  const context = written.flatMap(({ resource, context: only }) =>
    only ? [`${resource.resourceType}/${resource.id}`] : [],
  );
  const resources = written.map(({ resource }) => resource);
  return `${JSON.stringify({ type, action, occurred_at, context, resources }, null, 2)}\n`;
}
