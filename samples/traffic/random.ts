/** Numbers that look random and are the same every time. */

/** A source of numbers that its seed decides. */
export interface Random {
  /** At least 0 and less than 1. */
  fraction(): number;
  /** A whole number, both ends included. */
  integer(from: number, to: number): number;
  /** One of a list that isn't empty. */
  pick<T>(list: readonly T[]): T;
  /** True with this probability. */
  chance(probability: number): boolean;
}

/** A source of numbers for `seed` (mulberry32: 32 bits of state, enough to make messages, not to keep secrets). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;

  function fraction(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  const integer = (from: number, to: number) => from + Math.floor(fraction() * (to - from + 1));
  return {
    fraction,
    integer,
    pick: (list) => list[integer(0, list.length - 1)]!,
    chance: (probability) => fraction() < probability,
  };
}
