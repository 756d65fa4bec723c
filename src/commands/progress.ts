/** A progress bar for many messages. */
import type { Terminal } from './command.ts';
import { readInputs } from './inputs.ts';

/** A bar on standard error. */
export interface Progress {
  /** One more is done. */
  step(): void;
  /** Makes room for a line of text; the next step draws the bar again, below. */
  clear(): void;
  stop(): void;
}

/** Fewer are done before anyone looks. */
const MOST_WITHOUT = 20;

/** Counts the messages and opens a bar for them; undefined where nobody would see it, or they are few. */
export async function openProgress(
  files: readonly string[],
  repeat: number,
  terminal: Terminal,
): Promise<Progress | undefined> {
  const { stderr } = terminal;
  if (stderr.isTTY !== true) return undefined;
  let count = 0;
  for await (const _input of readInputs(files, terminal, () => undefined)) count += 1;
  if (count * repeat <= MOST_WITHOUT) return undefined;
  const { SingleBar } = await import('cli-progress');
  const format = '{bar} {percentage}%  {value} of {total}  {eta_formatted} left';
  const bar = new SingleBar({ stream: stderr, format, clearOnComplete: true, hideCursor: true });
  bar.start(count * repeat, 0);
  return {
    step: () => bar.increment(),
    clear: () => void stderr.write('\r\u001b[K'),
    stop: () => bar.stop(),
  };
}
