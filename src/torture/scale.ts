/** How much the heavy cases send, and how long the patient ones wait. */

/** Sizes, counts and waits. */
export interface Scale {
  /** A report in one message, in two sizes. */
  readonly text_bytes: readonly [number, number];
  /** A document in OBX-5, before base64. */
  readonly document_bytes: number;
  readonly segments: number;
  /** The frame that no receiver has to take. */
  readonly oversized_bytes: number;
  /** How long the slow sender takes over one message, and how long an idle connection says nothing. */
  readonly slow_ms: number;
  readonly idle_ms: number;
  readonly connections: number;
  /** How often is connected and closed. */
  readonly churn: number;
  readonly flood: number;
  /** Messages whose answers are never read. */
  readonly unread: number;
  /** How long is listened before silence counts as silence. */
  readonly quiet_ms: number;
  /** How long the engine's sender may take to send again, its own time-out included. */
  readonly resend_ms: number;
}

/** As a receiver is judged before it goes live. */
export const FULL: Scale = {
  text_bytes: [64 * 1024, 1024 * 1024],
  document_bytes: 5 * 1024 * 1024,
  segments: 10_000,
  oversized_bytes: 200 * 1024 * 1024,
  slow_ms: 10_000,
  idle_ms: 10_000,
  connections: 100,
  churn: 500,
  flood: 5000,
  unread: 5000,
  quiet_ms: 1000,
  resend_ms: 60_000,
};

/** For a check on each change. */
export const QUICK: Scale = {
  text_bytes: [64 * 1024, 256 * 1024],
  document_bytes: 512 * 1024,
  segments: 1000,
  oversized_bytes: 4 * 1024 * 1024,
  slow_ms: 1000,
  idle_ms: 1000,
  connections: 50,
  churn: 100,
  flood: 400,
  unread: 500,
  quiet_ms: 300,
  resend_ms: 15_000,
};
