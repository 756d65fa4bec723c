/** The memory that messages on their way in take, over all connections of the process. */
import type { IntakeMemory, MemoryShare } from '../component.ts';

interface Share extends MemoryShare {
  readonly resume: () => void;
}

/**
 * Memory of `most` bytes. When it is used up, connections that hold something read no more until others have let go:
 * first come, first served. One of them is favoured and reads on, until it has let go of something; so a message larger than
 * what is left gets through too, and never does everybody wait for everybody. What is held can exceed `most` by that
 * one message, and by one read of each connection.
 */
export function createIntakeMemory(most: number): IntakeMemory {
  let used = 0;
  let favoured: Share | undefined;
  /** In the order in which they began to wait. */
  const waiting = new Set<Share>();

  const goOn = (): void => {
    for (const share of waiting) {
      const room = used < most;
      if (!room && favoured !== undefined) return;
      if (!room) favoured = share;
      waiting.delete(share);
      share.resume();
    }
  };

  return {
    get used_bytes() {
      return used;
    },
    share(resume) {
      let held = 0;
      const set = (bytes: number): void => {
        const less = bytes < held;
        used += bytes - held;
        held = bytes;
        if (less && favoured === share) favoured = undefined;
      };
      const share: Share = {
        resume,
        hold(bytes) {
          set(bytes);
          // Who holds nothing need not wait: it would wait for others only, and could not let go of anything.
          if (bytes === 0) waiting.delete(share);
          else if (used >= most && favoured !== share) waiting.add(share);
          goOn();
          return !waiting.has(share);
        },
        end() {
          set(0);
          waiting.delete(share);
          if (favoured === share) favoured = undefined;
          goOn();
        },
      };
      return share;
    },
  };
}
