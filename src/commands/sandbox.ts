/** `pipehat sandbox`: a FHIR server to try things on. */

import { wholeNumber } from './arguments.ts';
import { type AddCommand, action, exitCode, interruption } from './command.ts';

interface SandboxOptions {
  readonly host: string;
  readonly port: number;
  readonly json?: boolean;
}

/** How long answers under way may take at the end. */
const STOP_MS = 2000;

/** Adds `sandbox`. */
export const addSandbox: AddCommand = (program, terminal, end) => {
  program
    .command('sandbox')
    .summary('run a FHIR server for trials')
    .description(
      `Runs a FHIR R4 server in memory until it is interrupted (Ctrl-C). It forgets everything then. Anyone who can reach its \
address can read and write: it is for trials, not for patients.

  pipehat sandbox --port 8103`,
    )
    .option('--port <number>', 'port to listen on; 0 takes any free one', wholeNumber(0, 65535), 8103)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--json', 'print the address as {address}')
    .action(
      action(terminal, end, async ({ host, port, json }: SandboxOptions) => {
        const [{ createLog }, { createSandbox }] = await Promise.all([
          import('../log.ts'),
          import('../sandbox/server.ts'),
        ]);
        const sandbox = createSandbox({ host, port, log: createLog({ level: 'warn', form: 'text' }) });
        await sandbox.start();
        const { address } = sandbox;
        terminal.notify?.({ address });
        terminal.stdout.write(json ? `${JSON.stringify({ address })}\n` : `FHIR R4 server: ${address}\n`);
        await interruption(terminal);
        await sandbox.stop(STOP_MS);
        return exitCode.ok;
      }),
    );
};
