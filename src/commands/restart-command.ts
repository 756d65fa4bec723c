/** A command of the user's that restarts what is tortured. */
import { spawn } from 'node:child_process';
import { failed } from '../torture/verdict.ts';
import type { Terminal } from './command.ts';

/** A function that runs the command in a shell and waits for its end. What it prints goes to standard error. */
export function restartWith(
  command: string,
  { cwd, env, stderr }: Pick<Terminal, 'cwd' | 'env' | 'stderr'>,
): () => Promise<void> {
  return async () => {
    const child = spawn(command, { cwd, env, shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => stderr.write(chunk));
    // Its exit counts, not the end of its output: a server that it started may hold that open.
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('exit', resolve);
      child.on('error', reject);
    });
    if (code !== 0) throw failed(`the restart command ended with ${code}`);
  };
}
