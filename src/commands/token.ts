/** `pipehat token create NAME`: a token for the HTTP API. */
import { createToken } from '../engine/token.ts';
import { type AddCommand, action, exitCode } from './command.ts';
import { auditWriter, personOf, type StoreOptions, withStore, withStoreOptions } from './store.ts';

export const addToken: AddCommand = (program, terminal, end) => {
  const token = program.command('token').summary('make a token for the HTTP API');
  token.description('Works with the tokens of the HTTP API.');
  withStoreOptions(token.command('create').argument('<name>', 'who or what will use it, for the audit'))
    .description('Makes a token and prints it. It is kept as a hash only: what is lost is made anew.')
    .action(
      action(terminal, end, (name: string, options: StoreOptions) =>
        withStore(terminal, options, async (store) => {
          const made = await createToken(auditWriter(store, 'token'), name, personOf());
          terminal.stdout.write(options.json ? `${JSON.stringify({ name, token: made })}\n` : `${made}\n`);
          return exitCode.ok;
        }),
      ),
    );
};
