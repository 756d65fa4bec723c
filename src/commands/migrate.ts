/** `pipehat migrate`: brings the schema of the database to the newest version. */
import { type AddCommand, action, exitCode } from './command.ts';
import { type StoreOptions, withStore, withStoreOptions } from './store.ts';

export const addMigrate: AddCommand = (program, terminal, end) => {
  withStoreOptions(program.command('migrate').summary('bring the database to the newest schema'))
    .description(
      'Brings the schema of the database (DATABASE_URL, or the embedded one) to the newest version. `start` does the same.',
    )
    .action(
      action(terminal, end, (options: StoreOptions) =>
        withStore(terminal, options, async ({ migrated }) => {
          if (options.json) terminal.stdout.write(`${JSON.stringify({ migrated })}\n`);
          else if (migrated.length === 0) terminal.stdout.write('The database has the newest schema.\n');
          else terminal.stdout.write(`Applied: ${migrated.join(', ')}\n`);
          return exitCode.ok;
        }),
      ),
    );
};
