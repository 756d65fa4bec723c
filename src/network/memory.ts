/** The memory that messages on their way in take, over all connections of the process. */
import type { IntakeMemory, MemoryShare } from '../component.ts';

interface Share extends MemoryShare {
  readonly resume: () => void;
  /** It is in the midst of a message: only reading on can end that. */
  halfway: boolean;
}

/**
 * Memory of `most` bytes. When it is used up, connections that hold something read no more until others have let go: first
 * come, first served. Where nobody waits for an answer, one that is in the midst of a message is favoured and reads on to
 * the end of that. So a message larger than what is left gets through too, and never does everybody wait for everybody. What
 * is held can exceed `most` by that one message, and by a read or two of each connection.
 */
export function createIntakeMemory(most: number): IntakeMemory {
  let used = 0;
  /** Of it, whole messages: their answers will make room. */
  let unanswered = 0;
  let favoured: Share | undefined;
  /** In the order in which they began to wait. */
  const waiting = new Set<Share>();

  const goOn = (): void => {
    for (const share of waiting) {
      const room = used < most;
      if (!room && (favoured !== undefined || unanswered > 0)) return;
      if (!room && !share.halfway) continue;
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
      let held = { whole: 0, part: 0 };
      const set = (whole: number, part: number): void => {
        used += whole + part - held.whole - held.part;
        unanswered += whole - held.whole;
        // The message it was favoured for has ended.
        if (whole !== held.whole && favoured === share) favoured = undefined;
        held = { whole, part };
        share.halfway = part > 0;
      };
      const share: Share = {
        resume,
        halfway: false,
        hold(whole, part) {
          set(whole, part);
          // Who holds nothing need not wait: it would wait for others only, and could not let go of anything.
          if (whole + part === 0) waiting.delete(share);
          else if (used >= most && favoured !== share) waiting.add(share);
          goOn();
          return !waiting.has(share);
        },
        end() {
          set(0, 0);
          waiting.delete(share);
          if (favoured === share) favoured = undefined;
          goOn();
        },
      };
      return share;
    },
  };
}
