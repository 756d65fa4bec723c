/** The status page: the picture, the tables, the last messages. */
import type { MessageSummary } from '../messages.schema.ts';
import type { ChannelStatus, DestinationStatus, Status } from '../status.schema.ts';
import { count, duration, time } from './figures.ts';
import { type Content, type Html, html } from './html.ts';
import { label, navigation, page } from './layout.ts';
import { road } from './road.ts';

/** Renders the page. The parts marked `data-live` are fetched anew by `assets/live.js`. */
export function statusPage(status: Status, messages: readonly MessageSummary[]): Html {
  return page(
    `${status.site} · Pipehat`,
    html`<div class="title">
<h1>${status.site}</h1>
<p class="faint">Version ${status.version}, running since ${time(status.started_at)} <span id="freshness" role="status"></span></p>
</div>
<section aria-label="Roads" data-live="road">${road(status)}</section>
<section aria-labelledby="channels" data-live="channels"><h2 id="channels">Channels</h2>${channelTable(status.channels)}</section>
<section aria-labelledby="destinations" data-live="destinations"><h2 id="destinations">Destinations</h2>${destinationTable(status.destinations)}</section>
<section aria-labelledby="messages" data-live="messages"><h2 id="messages">Last messages</h2>${messageTable(messages)}</section>`,
    { bar: navigation, live: true },
  );
}

function channelTable(channels: readonly ChannelStatus[]): Html {
  return table(
    [
      'Channel',
      'Source',
      '#Received',
      '#Processed',
      '#Filtered',
      '#Failed',
      '#Rejected',
      '#Waiting',
      '#Oldest',
    ],
    channels.map((channel) => [
      html`<b>${channel.name}</b>`,
      `${channel.source.kind} ${channel.source.address}`,
      count(channel.received),
      count(channel.processed),
      count(channel.filtered),
      alarm(channel.failed),
      alarm(channel.rejected),
      count(channel.waiting),
      age(channel),
    ]),
    'No channel is running.',
  );
}

function destinationTable(destinations: readonly DestinationStatus[]): Html {
  return table(
    ['Destination', 'Kind', '#Delivered', '#Waiting', '#Held', '#Ambiguous', '#Rejected', '#Oldest'],
    destinations.map((destination) => [
      html`<b>${destination.name}</b>`,
      destination.kind,
      count(destination.delivered),
      count(destination.waiting),
      count(destination.held),
      alarm(destination.ambiguous),
      alarm(destination.rejected),
      age(destination),
    ]),
    'No destination is set up.',
  );
}

function messageTable(messages: readonly MessageSummary[]): Html {
  return table(
    ['Received', 'Channel', 'Type', 'Control id', 'Sender', 'State', 'Deliveries'],
    messages.map((message) => [
      html`<a href="/messages/${encodeURIComponent(message.id)}">${time(message.received_at)}</a>`,
      message.channel,
      message.type ?? 'unreadable',
      message.control_id,
      message.sender,
      [
        label(message.state),
        message.error !== undefined && html` <span class="faint">${message.error}</span>`,
      ],
      Object.entries(message.deliveries).map(([state, number]) => html`${label(state)} ${count(number)} `),
    ]),
    'None yet. Send one: npx pipehat send samples/ --to localhost:2575',
  );
}

/** A table; a heading that starts with `#` is a column of numbers. On narrow screens each row becomes a card. */
function table(headings: readonly string[], rows: readonly (readonly Content[])[], none: string): Html {
  if (rows.length === 0) return html`<p class="card faint">${none}</p>`;
  const columns = headings.map((heading) => ({
    name: heading.replace('#', ''),
    kind: heading.startsWith('#') ? 'number' : 'text',
  }));
  return html`<div class="card table"><table>
<thead><tr>${columns.map(({ name, kind }) => html`<th scope="col" class="${kind}">${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    (cells) =>
      html`<tr>${cells.map((cell, i) => html`<td class="${columns[i]?.kind}" data-name="${columns[i]?.name}">${cell}</td>`)}</tr>
`,
  )}</tbody>
</table></div>`;
}

function alarm(value: number): Html {
  return html`<span class="${value > 0 ? 'wrong' : 'faint'}">${count(value)}</span>`;
}

function age({ waiting, oldest_waiting_ms }: { waiting: number; oldest_waiting_ms: number }): string {
  return waiting === 0 ? '–' : duration(oldest_waiting_ms);
}
