/**
 * Group commit: whatever arrives while a flush is running goes into the next one. One caller alone waits for nobody;
 * a thousand callers share a commit.
 */

/** Joins items into flushes. */
export interface Group<Item, Result> {
  /** Resolves with the item's result when its flush is done; rejects when its flush failed. */
  add(item: Item): Promise<Result>;
}

interface Waiting<Item, Result> extends PromiseWithResolvers<Result> {
  readonly item: Item;
}

/**
 * `flush` gets items in the order they came and gives their results in that order. A flush takes items until their
 * weights add up to `most`, and one item at least.
 */
export function createGroup<Item, Result>(options: {
  flush: (items: readonly Item[]) => Promise<readonly Result[]>;
  weigh: (item: Item) => number;
  most: number;
}): Group<Item, Result> {
  const { flush, weigh, most } = options;
  let waiting: Waiting<Item, Result>[] = [];
  let flushing = false;

  const take = (): Waiting<Item, Result>[] => {
    let weight = 0;
    const end = waiting.findIndex(({ item }, i) => {
      weight += weigh(item);
      return weight > most && i > 0;
    });
    const taken = end < 0 ? waiting : waiting.slice(0, end);
    waiting = end < 0 ? [] : waiting.slice(end);
    return taken;
  };

  const run = async (): Promise<void> => {
    flushing = true;
    while (waiting.length > 0) {
      const taken = take();
      try {
        const results = await flush(taken.map(({ item }) => item));
        for (const [i, { resolve }] of taken.entries()) resolve(results[i]!);
      } catch (error) {
        for (const { reject } of taken) reject(error);
      }
    }
    flushing = false;
  };

  return {
    add(item) {
      const entry = { item, ...Promise.withResolvers<Result>() };
      waiting.push(entry);
      // The next turn of the event loop: frames of one read, and of other sockets that are ready, come along.
      if (!flushing) {
        flushing = true;
        setImmediate(run);
      }
      return entry.promise;
    },
  };
}
