/**
 * The picture on the status page: each channel with its source on the left, destinations on the right, and a line for
 * every way between them. Cards have a fixed height, so the lines need no script: they are drawn in card units.
 */
import type { ChannelStatus, DestinationStatus, Status } from '../status.schema.ts';
import { count, duration } from './figures.ts';
import { type Html, html } from './html.ts';

/** Height of a card with the gap below it, in rem; `.road` in pipehat.css has the same. */
const card_rem = 6.5;

/** Waiting longer than this is worth a look. */
const long_ms = 60_000;

/** Draws sources, channels, destinations and the lines between them. */
export function road({ channels, destinations }: Status): Html {
  return html`<div class="road">
<ol class="sources" aria-label="Sources and channels">${channels.map(
    (channel) =>
      html`<li>${sourceCard(channel)}<span class="arrow" aria-hidden="true"></span>${channelCard(channel)}</li>`,
  )}</ol>
${lines(channels, destinations)}
<ol class="destinations" aria-label="Destinations">${destinations.map((destination) => html`<li>${destinationCard(destination)}</li>`)}</ol>
</div>`;
}

function sourceCard({ source, connections, received }: ChannelStatus): Html {
  return html`<div class="card source">
<h3>${source.kind}</h3>
<p class="faint ellipsis">${source.address}</p>
<p><b>${count(received)}</b> received · ${count(connections)} open</p>
</div>`;
}

function channelCard(channel: ChannelStatus): Html {
  return html`<div class="card channel ${tone(channel.failed, channel)}">
<h3 class="ellipsis">${channel.name}</h3>
<p class="faint ellipsis">to ${channel.to.join(', ') || 'nowhere'}</p>
<p><b>${count(channel.processed)}</b> processed · ${waiting(channel)}</p>
</div>`;
}

function destinationCard(destination: DestinationStatus): Html {
  const { ambiguous, held } = destination;
  return html`<div class="card destination ${tone(ambiguous, destination)}">
<h3 class="ellipsis">${destination.name}</h3>
<p class="faint ellipsis">${destination.kind}${held > 0 && ` · ${count(held)} held`}${ambiguous > 0 && ` · ${count(ambiguous)} ambiguous`}</p>
<p><b>${count(destination.delivered)}</b> delivered · ${waiting(destination)}</p>
</div>`;
}

function waiting({ waiting, oldest_waiting_ms }: { waiting: number; oldest_waiting_ms: number }): string {
  return waiting === 0 ? 'none waiting' : `${count(waiting)} waiting, ${duration(oldest_waiting_ms)}`;
}

function tone(needsPerson: number, lane: { oldest_waiting_ms: number }): 'act' | 'wait' | 'good' {
  if (needsPerson > 0) return 'act';
  return lane.oldest_waiting_ms > long_ms ? 'wait' : 'good';
}

/** Both columns are centred on each other, as the style sheet does it. */
function lines(channels: readonly ChannelStatus[], destinations: readonly DestinationStatus[]): Html {
  const rows = Math.max(channels.length, destinations.length, 1);
  const middle = (index: number, of: number) => ((rows - of) / 2 + index + 0.5) * 100;
  const paths = channels.flatMap((channel, from) =>
    destinations.flatMap((destination, to) => {
      if (!channel.to.includes(destination.name)) return [];
      const [start, end] = [middle(from, channels.length), middle(to, destinations.length)];
      return [html`<path d="M0 ${start} C50 ${start} 50 ${end} 100 ${end}"/>`];
    }),
  );
  return html`<svg class="lines" aria-hidden="true" height="${rows * card_rem}rem" width="100%" viewBox="0 0 100 ${rows * 100}" preserveAspectRatio="none">${paths}</svg>`;
}
