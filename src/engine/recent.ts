/**
 * What this process has just committed and is about to work on, kept opened for a moment: it saves reading it back,
 * unsealing and parsing it. The store stays the truth; what is not here is read from there.
 */

/** A bounded memory, oldest out first. */
export interface Recent<Value> {
  keep(key: string, value: Value, bytes: number): void;
  get(key: string): Value | undefined;
  forget(key: string): void;
}

/** `most_bytes` bounds the sum of the sizes given; a value larger than an eighth of it is not kept. */
export function createRecent<Value>(most_bytes: number): Recent<Value> {
  const kept = new Map<string, { value: Value; bytes: number }>();
  let total = 0;
  const forget = (key: string): void => {
    total -= kept.get(key)?.bytes ?? 0;
    kept.delete(key);
  };
  return {
    keep(key, value, bytes) {
      if (bytes > most_bytes / 8) return;
      forget(key);
      kept.set(key, { value, bytes });
      total += bytes;
      for (const oldest of kept.keys()) {
        if (total <= most_bytes) break;
        forget(oldest);
      }
    },
    get: (key) => kept.get(key)?.value,
    forget,
  };
}
