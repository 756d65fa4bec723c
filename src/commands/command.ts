/**
 * What a command of `pipehat` is handed, and how it ends. A command prints for people, or with `--json` one JSON value
 * (or one a line) for programs; trouble goes to standard error.
 */
import type { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';
import { PipehatError } from '../errors.ts';

/** Exit codes that scripts can trust. */
export const exitCode = {
  /** Done, and all is well. */
  ok: 0,
  /** Done, and something is not well: problems found, a test failed, a message refused. */
  found: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Could not be done: no such file, nobody listens, no database. */
  failed: 3,
} as const;

/** Exit code of a command. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** The world outside a command. `cli.ts` makes it of the process; tests make their own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that relative paths start from. */
  readonly cwd: string;
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Aborted when the user asks the command to end (Ctrl-C, SIGTERM). */
  readonly interrupted: AbortSignal;
  /** Tells the process that started this one, where there is one that listens. */
  readonly notify?: (message: object) => void;
}

/** Adds one command to the program. The action's exit code is handed to `end`. */
export type AddCommand = (program: Command, terminal: Terminal, end: (code: ExitCode) => void) => void;

/**
 * Wraps an action: a PipehatError becomes one line that says what is wrong and one that says what to do (or, with
 * `--json`, `{"error": {code, message, advice, path}}`), and exit code 3.
 */
export function action<Args extends unknown[]>(
  terminal: Terminal,
  end: (code: ExitCode) => void,
  run: (...args: Args) => Promise<ExitCode>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    try {
      end(await run(...args));
    } catch (error) {
      if (!(error instanceof PipehatError)) throw error;
      const asked = args.some((arg) => (arg as { json?: boolean } | undefined)?.json === true);
      terminal.stderr.write(asked ? `${JSON.stringify({ error: errorJson(error) })}\n` : errorText(error));
      end(exitCode.failed);
    }
  };
}

/** An error for programs. */
export function errorJson(error: PipehatError): {
  code: string;
  message: string;
  advice: string;
  path?: string;
} {
  const { code, message, advice } = error;
  return { code, message, advice, ...(error.at === undefined ? {} : { path: error.at }) };
}

/** An error for people: what is wrong, and what to do. */
export function errorText(error: PipehatError): string {
  const at = error.at === undefined ? '' : `${error.at}: `;
  return `pipehat: ${at}${error.message} [${error.code}]\n         ${error.advice}\n`;
}

/** Resolves when the user asks the command to end. */
export function interruption({ interrupted }: Pick<Terminal, 'interrupted'>): Promise<void> {
  if (interrupted.aborted) return Promise.resolve();
  return new Promise((done) => interrupted.addEventListener('abort', () => done(), { once: true }));
}
