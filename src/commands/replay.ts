/** `pipehat replay ID`: sends a message through its channel again. */
import { replayMessage } from '../engine/replay.ts';
import { createWriter } from '../store/audit.ts';
import { type AddCommand, action, exitCode } from './command.ts';
import { messageId, personOf, type StoreOptions, withStore, withStoreOptions } from './store.ts';

export const addReplay: AddCommand = (program, terminal, end) => {
  withStoreOptions(program.command('replay').argument('<id>', 'number of the message', messageId))
    .summary('send a message through its channel again')
    .description(
      `Puts a message back into its lane. The engine takes it from there within seconds, by the configuration now in force;
receivers find it by the same identifiers as before.`,
    )
    .action(
      action(terminal, end, (id: number, options: StoreOptions) =>
        withStore(terminal, options, async ({ pool, keyring }) => {
          const now = (): Date => new Date();
          const writer = createWriter({
            pool,
            chain: `replay/${now().toISOString()}/${process.pid}`,
            sign: keyring.sign,
            now,
          });
          const { channel } = await replayMessage(writer, id, personOf());
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
