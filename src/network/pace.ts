/** How long a message may take from its first byte to its last, so that nobody holds a connection by sending next to nothing. */

/** A message that comes at this rate or faster may take longer: a large one over a slow line is no attack. */
const LEAST_BYTES_A_MS = 16;

/** What a pace needs. */
export interface PaceOptions {
  readonly timeout_ms: number;
  /** Bytes of the message that have come. */
  bytes(): number;
  /** The message took too long. */
  late(): void;
}

/** The clock of one connection. It runs while a message comes, and stands while we don't read. */
export interface Pace {
  /** A message has begun. Nothing, where the clock runs already. */
  begin(): void;
  /** The message has ended, or the connection has. */
  end(): void;
  /** We stopped reading: the peer can't help it. */
  pause(): void;
  resume(): void;
}

/** A message may take `timeout_ms`, and 1 ms more for each 16 bytes that have come. */
export function createPace({ timeout_ms, bytes, late }: PaceOptions): Pace {
  let begun: number | undefined;
  let paused: number | undefined;
  let waits = false;

  const wait = (ms: number): void => {
    if (!waits) setTimeout(look, Math.ceil(ms)).unref();
    waits = true;
  };

  /** One timer is enough for many messages: when it fires, it looks what the clock of the present one says. */
  const look = (): void => {
    waits = false;
    if (begun === undefined || paused !== undefined) return;
    const left = begun + timeout_ms + bytes() / LEAST_BYTES_A_MS - performance.now();
    if (left > 0) {
      wait(left);
      return;
    }
    begun = undefined;
    late();
  };

  return {
    begin() {
      if (begun !== undefined) return;
      begun = performance.now();
      paused &&= begun;
      wait(timeout_ms);
    },
    end() {
      begun = undefined;
    },
    pause() {
      paused ??= performance.now();
    },
    resume() {
      if (paused === undefined) return;
      if (begun !== undefined) {
        begun += performance.now() - paused;
        wait(timeout_ms);
      }
      paused = undefined;
    },
  };
}
