/** Errors that nobody foresaw: recorded as `internal`, and told to the log by their place in the code alone. */
import { PipehatError } from '../errors.ts';
import type { Log } from '../log.ts';

/**
 * `error` as one of the table. What isn't in it is a fault of ours: the log gets its kind and where it was thrown, never
 * its text, which may quote what was being worked on.
 */
export function asProblem(error: unknown, log: Log): PipehatError {
  if (error instanceof PipehatError) return error;
  const { name, stack } = error instanceof Error ? error : { name: typeof error, stack: undefined };
  const frames = (stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  log.error('a fault of Pipehat', { kind: name, stack: frames.map((frame) => frame.trim()).join(' ') });
  return new PipehatError('internal', {}, { cause: error });
}
