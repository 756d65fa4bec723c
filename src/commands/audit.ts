/** `pipehat audit verify`: proves the audit chain, or names the first link that is broken. */
import { verifyAudit } from '../store/audit.ts';
import { type AddCommand, action, exitCode } from './command.ts';
import { type StoreOptions, withStore, withStoreOptions } from './store.ts';

export const addAudit: AddCommand = (program, terminal, end) => {
  const audit = program.command('audit').summary('prove the audit chain');
  audit.description(
    'Works with the audit chain: every change of state and every act of a person, linked by keyed hashes.',
  );
  withStoreOptions(audit.command('verify'))
    .description('Recomputes every link and every anchor. Exit code 1 names the first that does not hold.')
    .action(
      action(terminal, end, (options: StoreOptions) =>
        withStore(terminal, options, async ({ pool, keyring }) => {
          const { broken, ...counts } = await verifyAudit(pool, keyring.sign);
          if (options.json)
            terminal.stdout.write(`${JSON.stringify({ ...counts, broken: broken ?? null })}\n`);
          else {
            const seen = `${counts.entries} entries in ${counts.links} links of ${counts.chains} chains, ${counts.anchors} anchors`;
            terminal.stdout.write(
              broken === undefined
                ? `The audit chain holds: ${seen}.\n`
                : `The audit chain is broken at link ${broken.number} of ${broken.chain}: ${broken.says}.\nIt held until there: ${seen}.\n`,
            );
          }
          return broken === undefined ? exitCode.ok : exitCode.found;
        }),
      ),
    );
  audit.copyInheritedSettings(program);
};
