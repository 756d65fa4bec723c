/** The page of one message: its life as a timeline. */
import type { Trace, TraceDelivery } from '../messages.schema.ts';
import { duration, size, time } from './figures.ts';
import { type Content, type Html, html } from './html.ts';
import { label, navigation, page } from './layout.ts';

/** Renders a trace. `bodies` says whether the trace holds the texts. */
export function tracePage(trace: Trace, bodies: boolean): Html {
  return page(
    `${trace.type ?? 'Message'} · Pipehat`,
    html`<div class="title">
<h1>${trace.type ?? 'Unreadable message'} ${label(trace.state)}</h1>
<p class="faint">${trace.id}</p>
</div>
${trace.error && errorCard(trace.error)}
${facts(trace)}
<section aria-labelledby="life"><h2 id="life">Its life</h2>${timeline(trace)}</section>
${trace.findings !== undefined && html`<section aria-labelledby="findings"><h2 id="findings">Findings</h2>${findings(trace.findings, trace.more_findings)}</section>`}
${trace.deliveries.length > 0 && html`<section aria-labelledby="deliveries"><h2 id="deliveries">Deliveries</h2>${trace.deliveries.map(deliveryCard)}</section>`}
${trace.body !== undefined && html`<section aria-labelledby="body"><h2 id="body">As received</h2>${text(trace.body)}</section>`}
<section aria-labelledby="audit"><h2 id="audit">Audit</h2>${audit(trace)}</section>
${!bodies && html`<p class="aside"><a href="?bodies=true" rel="nofollow">Show message, requests and answers</a> · <a href="/v1/messages/${trace.id}/bytes" rel="nofollow" download>Download the message as received</a> <span class="faint">They hold patient data; looking is audited.</span></p>`}`,
    { bar: navigation },
  );
}

function errorCard(error: NonNullable<Trace['error']>): Html {
  return html`<section class="card alarm" aria-label="Error">
<p><b>${error.code}</b>${error.at !== undefined && ` at ${error.at}`}</p>
<p>${error.says}</p>
<p>${error.advice}</p>
</section>`;
}

function facts(trace: Trace): Html {
  const { connection } = trace;
  const rows: [string, Content][] = [
    ['Channel', trace.channel],
    ['Control id', trace.control_id],
    ['Sender', trace.sender],
    ['HL7 version', trace.version],
    [
      'Connection',
      `${connection.protocol} ${connection.remote} → ${connection.local} (${connection.connection})`,
    ],
    ['Size', size(trace.size_bytes)],
    ['SHA-256', html`<code>${trace.sha256}</code>`],
    ...(trace.attachments ?? []).map(({ reference, size_bytes }): [string, Content] => [
      'Attachment',
      html`${size(size_bytes)} <code>${reference}</code>`,
    ]),
    ['Answer', trace.ack],
    ['Application ACK', applicationAck(trace)],
    ['Warning', trace.warning],
    ['Configuration', trace.config !== undefined && html`<code>${trace.config}</code>`],
  ];
  return html`<dl class="card facts">${rows.map(
    ([name, value]) =>
      value !== undefined && value !== false && html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>`;
}

/** `AE message-not-delivered-in-time (connection)`. */
function applicationAck({ application_ack }: Trace): string | undefined {
  if (application_ack === undefined) return undefined;
  const { code = 'none', error, way } = application_ack;
  return [code, error, way && `(${way})`].filter((word) => word !== undefined).join(' ');
}

/** Everything that happened to the message, by time, counted from the moment it was received. */
function timeline(trace: Trace): Html {
  const steps: { at: string; says: Content }[] = [
    { at: trace.received_at, says: html`Received on <b>${trace.channel}</b>` },
    ...trace.events.map((event) => ({
      at: event.created_at,
      says: html`Event <b>${event.type}</b> (${event.action}) with ${event.resources.join(', ') || 'no resource'}${event.time_zone !== undefined && html`; times without an offset are of ${event.time_zone}`}`,
    })),
    ...trace.deliveries.flatMap((delivery) =>
      delivery.attempts.map((attempt) => ({
        at: attempt.ended_at,
        says: html`Attempt ${attempt.attempt} at <b>${delivery.destination}</b> ${label(attempt.outcome)} ${attempt.status}`,
      })),
    ),
  ];
  if (trace.processed_at !== undefined) {
    steps.push({ at: trace.processed_at, says: html`Went through the channel ${label(trace.state)}` });
  }
  steps.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const start = Date.parse(trace.received_at);
  return html`<ol class="card timeline">${steps.map(
    ({ at, says }) =>
      html`<li><span class="when">+${duration(Math.max(0, Date.parse(at) - start))}</span><p>${says}</p><p class="faint">${time(at)}</p></li>`,
  )}</ol>`;
}

/** What validation found, errors marked. */
function findings(found: NonNullable<Trace['findings']>, more: number | undefined): Html {
  return html`<ul class="card audit">${found.map(
    ({ severity, rule, path, condition, says }) =>
      html`<li>${label(severity)} <code>${path}</code> <b>${rule}</b> ${says} <span class="faint">${condition}</span></li>`,
  )}${more !== undefined && html`<li class="faint">and ${more} more</li>`}</ul>`;
}

function deliveryCard(delivery: TraceDelivery): Html {
  return html`<article class="card">
<h3>${delivery.destination} ${label(delivery.state)}</h3>
<p class="faint">${delivery.id}${delivery.replay_of !== undefined && ` · replay of ${delivery.replay_of}`}</p>
${delivery.attempts.length === 0 && html`<p>Not tried yet.</p>`}
${delivery.attempts.map(
  (attempt) => html`<section class="attempt">
<p>Attempt ${attempt.attempt} ${label(attempt.outcome)} <b>${attempt.status}</b> <span class="faint">${attempt.code} ${duration(Date.parse(attempt.ended_at) - Date.parse(attempt.started_at))}</span></p>
${attempt.says !== undefined && html`<p>${attempt.says}</p>`}
${attempt.request !== undefined && html`<details><summary>Request</summary>${text(attempt.request)}</details>`}
${attempt.response !== undefined && html`<details><summary>Response</summary>${text(attempt.response)}</details>`}
</section>`,
)}
</article>`;
}

function audit(trace: Trace): Html {
  return html`<ul class="card audit">${trace.audit.map(
    ({ at, action, by, says }) =>
      html`<li>${time(at)} <b>${action}</b> by ${by}${says !== undefined && html` <span class="faint">${says}</span>`}</li>`,
  )}</ul>`;
}

/** A body, segment by segment where it is HL7: its line ends are carriage returns. */
function text(body: string): Html {
  return html`<pre tabindex="0">${body.replace(/\r\n?/g, '\n')}</pre>`;
}
