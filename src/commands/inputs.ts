/** The messages that a command is given: in files, in folders, on standard input. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { PipehatError } from '../errors.ts';
import { streamBatch } from '../hl7/batch.ts';
import { errorText, type Terminal } from './command.ts';

/** One message, or what kept a file from being read. `file` is `name`, or `name#2` in a file with several messages. */
export type Input =
  | { readonly file: string; readonly bytes: Uint8Array; readonly error?: undefined }
  | { readonly file: string; readonly error: PipehatError };

/** Stands for standard input. */
export const STANDARD_INPUT = '-';

/** The paths, with `*.hl7` of a folder, by name, in its place. Throws `input-empty` for a folder without. */
export async function filesOf(paths: readonly string[], cwd: string): Promise<string[]> {
  const files = await Promise.all(
    paths.map(async (path) => {
      // What can't be looked at is no folder here: its error comes when it is read, in its turn.
      const found = await stat(resolve(cwd, path)).catch(() => undefined);
      if (!found?.isDirectory()) return [path];
      const names = (await readdir(resolve(cwd, path))).filter((name) => name.endsWith('.hl7')).sort();
      if (names.length === 0) throw new PipehatError('input-empty', { path });
      return names.map((name) => join(path, name));
    }),
  );
  return files.flat();
}

/**
 * All messages, file after file. Ends early when the user interrupts. `onFinding` hears what is wrong with the envelopes
 * of a file, such as a count.
 */
export async function* readInputs(
  files: readonly string[],
  terminal: Pick<Terminal, 'cwd' | 'stdin' | 'interrupted'>,
  onFinding: (file: string, finding: PipehatError) => void,
): AsyncGenerator<Input> {
  for (const file of files) {
    if (terminal.interrupted.aborted) return;
    yield* readInput(file, terminal, (finding) => onFinding(file, finding));
  }
}

/** A finding for people, on standard error. */
export function warnOf(file: string, finding: PipehatError, { stderr }: Pick<Terminal, 'stderr'>): void {
  stderr.write(errorText(finding).replace('pipehat: ', () => `pipehat: warning: ${file}: `));
}

async function* readInput(
  file: string,
  { cwd, stdin, interrupted }: Pick<Terminal, 'cwd' | 'stdin' | 'interrupted'>,
  onFinding: (finding: PipehatError) => void,
): AsyncGenerator<Input> {
  const stream = file === STANDARD_INPUT ? stdin : createReadStream(resolve(cwd, file));
  // One message is held back: only the next one tells that they need numbers.
  let held: Uint8Array | undefined;
  let count = 0;
  try {
    for await (const item of streamBatch(addAbortSignal(interrupted, stream))) {
      if (item.kind === 'finding') onFinding(item.error);
      if (item.kind !== 'message') continue;
      if (held !== undefined) yield { file: `${file}#${count}`, bytes: held };
      held = item.bytes;
      count += 1;
    }
  } catch (cause) {
    if (interrupted.aborted) return;
    yield {
      file,
      error: new PipehatError('input-unreadable', { path: file, reason: reasonOf(cause) }, { cause }),
    };
    return;
  }
  if (held === undefined) yield { file, error: new PipehatError('input-empty', { path: file }) };
  else yield { file: count > 1 ? `${file}#${count}` : file, bytes: held };
}

/** The system's code, such as `ENOENT`. What has none is a fault of ours. */
function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return code;
}
