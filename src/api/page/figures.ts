/** How pages write figures and times. Times are UTC, since a trace is read next to logs. */
import { type Html, html } from './html.ts';

const grouped = new Intl.NumberFormat('en-US');

/** `12,345`. */
export function count(value: number): string {
  return grouped.format(value);
}

/** A duration in the two largest units that matter: `12 ms`, `3.4 s`, `5 min 10 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** `2026-03-01 08:15:30.123 UTC`; a text that is no time stays as it is. */
export function time(iso: string): Html {
  const at = new Date(iso);
  const shown = Number.isNaN(at.getTime()) ? iso : `${at.toISOString().slice(0, -1).replace('T', ' ')} UTC`;
  return html`<time datetime="${iso}">${shown}</time>`;
}

/** `1.2 kB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
