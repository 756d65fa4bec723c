/** What a case is, and what it is given. */
import type { Compose } from './message.ts';
import type { KitReceiver } from './receiver.ts';
import type { Scale } from './scale.ts';
import type { Verdict } from './verdict.ts';
import type { Line } from './wire.ts';

/**
 * - `must`: where it fails, messages can be lost, doubled, mixed up or credited wrongly. The exit code tells.
 * - `should`: the standard asks for it, or senders in the field need it; no message is lost over it.
 * - `info`: worth knowing of any receiver; there is no right or wrong.
 */
export type Level = 'must' | 'should' | 'info';

/** One thing to find out about a receiver, or, with a feed, about a sender. Independent of all others. */
export interface Case {
  /** Within its group: `split-everywhere`. */
  readonly id: string;
  readonly group: string;
  readonly title: string;
  /** What goes wrong in a hospital where this fails, with the section of HL7 or MLLP. */
  readonly why: string;
  readonly level: Level;
  /** Beyond the usual limit, for cases that wait or send much. */
  limit_ms?(scale: Scale, timeout_ms: number): number;
  run(context: CaseContext): Promise<Verdict>;
}

/** What a case is given. Connections that it leaves open are closed after it. */
export interface CaseContext {
  /** Opens a connection to the receiver (of cases of a sender: to its feed). Throws a `Finding` where it can't. */
  open(): Promise<Line>;
  readonly compose: Compose;
  /** How long an answer may take. */
  readonly timeout_ms: number;
  readonly scale: Scale;
  /** Random numbers in [0, 1), the same for the same seed and case. */
  readonly random: () => number;
  /** Restarts the receiver; undefined where nobody said how. */
  readonly restart: (() => Promise<void>) | undefined;
  /** Aborted when the case is over, or its time is up: whoever still tries for it stops. */
  readonly over: AbortSignal;
  /** The kit as receiver of the engine's sender; undefined without `--listen`. */
  readonly receiver: KitReceiver | undefined;
}

/** A group's cases, with their group's name. */
export function group(name: string, cases: readonly Omit<Case, 'group'>[]): readonly Case[] {
  return cases.map((one) => ({ ...one, group: name }));
}
