#!/usr/bin/env node
/** `pipehat`: the commands, joined to this process. */
import { Command } from 'commander';
import { addAudit } from './commands/audit.ts';
import { type AddCommand, type ExitCode, exitCode, type Terminal } from './commands/command.ts';
import { addInspect } from './commands/inspect.ts';
import { addLint } from './commands/lint.ts';
import { addMap } from './commands/map.ts';
import { addMessages } from './commands/messages.ts';
import { addMigrate } from './commands/migrate.ts';
import { addReplay } from './commands/replay.ts';
import { addSandbox } from './commands/sandbox.ts';
import { addSend } from './commands/send.ts';
import { addStart } from './commands/start.ts';
import { addTest } from './commands/test.ts';
import { addToken } from './commands/token.ts';
import { addTorture } from './commands/torture.ts';
import { addTrace } from './commands/trace.ts';
import { addValidate } from './commands/validate.ts';

const commands: readonly AddCommand[] = [
  ...[addStart, addLint, addTest, addSend, addMap, addInspect, addValidate],
  ...[addMessages, addTrace, addReplay, addMigrate, addAudit, addToken, addSandbox, addTorture],
];

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second time, the user means it.
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  });
}
// A child of `pipehat start` ends with it, however that ended.
process.on('disconnect', () => interrupt.abort());
// To listen is no reason to stay: a child that failed must be able to end.
process.channel?.unref();
// A reader that has seen enough (`pipehat map … | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCode.ok);
  throw error;
});

const terminal: Terminal = {
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  interrupted: interrupt.signal,
  ...(process.send === undefined ? {} : { notify: (message: object) => process.send?.(message) }),
};

const program = new Command('pipehat')
  .description('An interface engine: HL7 v2 and FHIR, once, in order, provably.')
  .addHelpText(
    'after',
    '\nExit codes: 0 all is well, 1 something was found, 2 wrong command line, 3 could not be done.',
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCode.ok : exitCode.usage));
const end = (code: ExitCode): void => {
  process.exitCode = code;
};
for (const add of commands) add(program, terminal, end);
// Settings such as exitOverride are not handed down to commands that are already there.
for (const command of program.commands) command.copyInheritedSettings(program);
await program.parseAsync();
