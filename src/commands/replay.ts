/** `pipehat replay ID`: sends a message through its channel again. */
import { replayMessage } from '../engine/replay.ts';
import { type AddCommand, action, exitCode } from './command.ts';
import { auditWriter, messageId, personOf, type StoreOptions, withStore, withStoreOptions } from './store.ts';

export const addReplay: AddCommand = (program, terminal, end) => {
  withStoreOptions(program.command('replay').argument('<id>', 'number of the message', messageId))
    .summary('send a message through its channel again')
    .description(
      `Puts a message back into its lane. The engine takes it from there within seconds, by the configuration now in force;
receivers find it by the same identifiers as before.`,
    )
    .action(
      action(terminal, end, (id: number, options: StoreOptions) =>
        withStore(terminal, options, async (store) => {
          const { channel } = await replayMessage(auditWriter(store, 'replay'), id, personOf());
          terminal.stdout.write(
            options.json
              ? `${JSON.stringify({ id, channel })}\n`
              : `Message ${id} waits again in channel ${channel}. See \`pipehat trace ${id}\`.\n`,
          );
          return exitCode.ok;
        }),
      ),
    );
};
