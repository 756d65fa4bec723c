/** Parts of the benchmark as processes of their own, and how they are asked: by name, with one argument, over IPC. */
import { fork } from 'node:child_process';
import { once } from 'node:events';

/** What a child can be asked. Its `stop` ends what it opened. */
export type Answers = Record<string, (argument: never) => unknown> & { stop: () => unknown };

/** A running child. */
export interface Child<A extends Answers> {
  /** Rejects with what the child threw, or when the child is gone. */
  ask<Name extends keyof A>(
    name: Name,
    argument: Parameters<A[Name]>[0],
  ): Promise<Awaited<ReturnType<A[Name]>>>;
  /** Resolves when the process has ended. */
  stop(): Promise<void>;
}

interface Question {
  readonly number: number;
  readonly name: string;
  readonly argument: unknown;
}

interface Answer {
  readonly number: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** A child that doesn't end within this time is killed. */
const STOP_MS = 20_000;

/**
 * Starts `file`, next to this one, which calls {@link serve}. When `signal` aborts, the child is told to end. `flags` are
 * further ones for Node.
 */
export function startChild<A extends Answers>(
  file: string,
  signal: AbortSignal,
  flags: readonly string[] = [],
): Child<A> {
  // Detached, so that a Ctrl-C on the terminal is the parent's to hand on.
  // The young generation is as large as in `npm start`: it halves the time that garbage collection takes.
  const child = fork(new URL(file, import.meta.url), {
    detached: true,
    execArgv: ['--max-semi-space-size=64', ...flags],
  });
  const exited = once(child, 'exit');
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let number = 0;
  const hangUp = (): void => {
    if (child.connected) child.disconnect();
  };
  signal.addEventListener('abort', hangUp);
  child.on('message', ({ number, value, error }: Answer) => {
    const question = waiting.get(number);
    waiting.delete(number);
    if (error === undefined) question?.resolve(value);
    else question?.reject(new Error(`${file}: ${error}`));
  });
  child.on('disconnect', () => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended`));
    waiting.clear();
  });
  return {
    ask(name, argument) {
      const question = Promise.withResolvers<unknown>();
      number += 1;
      waiting.set(number, question);
      child.send({ number, name: String(name), argument } satisfies Question, (error) => {
        if (error !== null) question.reject(error);
      });
      return question.promise as never;
    },
    async stop() {
      signal.removeEventListener('abort', hangUp);
      hangUp();
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Answers the parent's questions; ends with the parent, however that ends. */
export function serve(answers: Answers): void {
  process.on('message', async ({ number, name, argument }: Question) => {
    const answer: Answer = await Promise.resolve(argument)
      .then((given) => answers[name]!(given as never))
      .then(
        (value) => ({ number, value }),
        (error: Error) => ({ number, error: error.message }),
      );
    if (process.connected) process.send!(answer);
  });
  process.on('disconnect', async () => {
    await answers.stop();
    process.exit();
  });
}
