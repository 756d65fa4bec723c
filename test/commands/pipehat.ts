/** Runs one command: with a terminal of the test's own, or as users do, in a process. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { type AddCommand, type ExitCode, exitCode, type Terminal } from '../../src/commands/command.ts';

/** The shipped site. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What a command left behind. */
export interface Ran {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in this process. */
export async function run(
  add: AddCommand,
  args: string[],
  more: Partial<Terminal> & { tty?: boolean } = {},
): Promise<Ran> {
  const { tty = false, ...given } = more;
  const out: string[] = [];
  const err: string[] = [];
  const collect = (into: string[]) => {
    const stream = new Writable({
      write(chunk, _encoding, done) {
        into.push(String(chunk));
        done();
      },
    });
    return Object.assign(stream, { isTTY: tty, columns: 100 });
  };
  const terminal: Terminal = {
    env: {},
    cwd: ROOT,
    stdin: Readable.from([]),
    stdout: collect(out),
    stderr: collect(err),
    interrupted: new AbortController().signal,
    ...given,
  };
  let code: ExitCode | undefined;
  const program = new Command('pipehat')
    .exitOverride()
    .configureOutput({ writeOut: (line) => out.push(line), writeErr: (line) => err.push(line) });
  add(program, terminal, (ended) => {
    code = ended;
  });
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  }
  return { code, out: out.join(''), err: err.join('') };
}

/** Runs `pipehat` in a process of its own, in the shipped site; `stdin` is its whole input. */
export async function runProcess(args: string[], stdin: string | Uint8Array): Promise<Ran> {
  const child = spawn(process.execPath, [join(ROOT, 'src/cli.ts'), ...args], { cwd: ROOT, stdio: 'pipe' });
  child.stdin.end(stdin);
  const exited = new Promise<number | null>((done) => child.once('exit', done));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { code: code ?? undefined, out, err };
}

/** The JSON lines of a text. */
export function lines<Line>(out: string): Line[] {
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

const folders: string[] = [];

/** A new folder with these files, by path. {@link removeFolders} takes it away. */
export async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pipehat-commands-'));
  folders.push(folder);
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), content);
  }
  return folder;
}

/** Takes away what {@link folderWith} made. */
export async function removeFolders(): Promise<void> {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
}
