/**
 * Order within a connection while a large message is prepared: whatever came after it on the same connection waits, since
 * it must not be stored, nor processed, before it. Answers go out in the order of the messages anyway, so nobody waits for
 * longer than they would have. Other connections go on.
 */
import type { Connection } from '../component.ts';

/** Whose turn it is, by connection. */
export interface Turns {
  /** A large message of this connection that is ahead; undefined where there is none. Ask again when it resolves. */
  ahead(from: Connection): Promise<void> | undefined;
  /** From now on, later messages of this connection wait, until what this gives is called. */
  begin(from: Connection): () => void;
}

export function createTurns(): Turns {
  const busy = new Map<string, Promise<void>>();
  return {
    ahead: (from) => (busy.size === 0 ? undefined : busy.get(nameOf(from))),
    begin(from) {
      const name = nameOf(from);
      const { promise, resolve } = Promise.withResolvers<void>();
      busy.set(name, promise);
      return () => {
        if (busy.get(name) === promise) busy.delete(name);
        resolve();
      };
    },
  };
}

function nameOf({ protocol, local, remote, connection }: Connection): string {
  return `${protocol} ${local} ${remote} ${connection}`;
}
