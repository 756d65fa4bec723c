/** A gate that lets in as much at once as there is room for, in the order in which it is asked. */

/** See {@link createGate}. */
export interface Gate {
  /** Resolves when there is room for `weight`; what it gives is called when that is free again. Nothing (0) is always let in. */
  enter(weight: number): Promise<() => void>;
}

/** A gate with room for `most`, or for one that alone weighs more. */
export function createGate(most: number): Gate {
  let inside = 0;
  const waiting: { readonly weight: number; readonly enter: () => void }[] = [];

  const letIn = (): void => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (inside > 0 && inside + next.weight > most) return;
      waiting.shift();
      inside += next.weight;
      next.enter();
    }
  };

  return {
    async enter(weight) {
      if (weight === 0) return () => {};
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ weight, enter: resolve });
      letIn();
      await promise;
      return () => {
        inside -= weight;
        letIn();
      };
    },
  };
}

/** A gate for each name, made when it is first asked for. */
export function createGates(most: number): (name: string) => Gate {
  const gates = new Map<string, Gate>();
  return (name) => {
    const gate = gates.get(name) ?? createGate(most);
    gates.set(name, gate);
    return gate;
  };
}
