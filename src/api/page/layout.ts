/** What all pages have around them. */
import { type Content, type Html, html } from './html.ts';

/** A whole page. `live` keeps its `data-live` parts fresh. */
export function page(title: string, body: Content, options: { bar?: Content; live?: boolean } = {}): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/pipehat.css">
${options.live === true && html`<script src="/assets/live.js" type="module"></script>`}
</head>
<body>
<header class="bar">
<a class="brand" href="/"><span class="hat" aria-hidden="true">|^</span>Pipehat</a>
${options.bar}
</header>
<main>
${body}
</main>
</body>
</html>
`;
}

/** Links and the way out, for pages of someone who is logged in. */
export const navigation = html`<nav aria-label="Site"><a href="/">Status</a><a href="/queues/">Queues</a><a href="/openapi.json">API</a></nav>
<form method="post" action="/logout"><button class="quiet">Log out</button></form>`;

/** A state or outcome as a small label. Colour follows what a person has to do about it; the word says it too. */
export function label(state: string): Html {
  return html`<span class="label ${toneOf(state)}">${state}</span>`;
}

const tones: Readonly<Record<string, string>> = {
  ambiguous: 'act',
  conflict: 'act',
  error: 'act',
  failed: 'act',
  permanent: 'act',
  rejected: 'act',
  held: 'wait',
  pending: 'wait',
  received: 'wait',
  submitted: 'wait',
  transient: 'wait',
  validated: 'wait',
  warning: 'wait',
  accepted: 'good',
  acknowledged: 'good',
  processed: 'good',
  reconciled: 'good',
  verified: 'good',
};

function toneOf(state: string): string {
  return tones[state] ?? 'calm';
}
