/** `pipehat test`: runs the tests that stand in channel files. */
import { relative, resolve, sep } from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import type { TestResult } from '../config/tests.ts';
import { type AddCommand, action, exitCode } from './command.ts';
import { printable } from './printable.ts';

interface TestOptions {
  readonly json?: boolean;
  readonly update?: boolean;
}

/** Adds `test`. */
export const addTest: AddCommand = (program, terminal, end) => {
  program
    .command('test')
    .argument('[path]', 'a site, its channels folder, or a channel file', '.')
    .summary('run the tests in channel files')
    .description(
      `Sends the samples that channel files name through their channels, and compares what comes out with what the files \
expect. Nothing is sent to any system.

  pipehat test
  pipehat test channels/hospital.yaml --update`,
    )
    .option('--update', 'write expected files anew where they differ or are missing')
    .option('--json', 'print the results as a JSON list of {channel, in, ok, differences, updated}')
    .action(
      action(terminal, end, async (path: string, { json, update = false }: TestOptions) => {
        const [{ siteOf }, { loadConfiguration }, { runTests }, { readDefinitions }, { registry }] =
          await Promise.all([
            import('../config/lint.ts'),
            import('../config/load.ts'),
            import('../config/tests.ts'),
            import('../fhir/definitions.ts'),
            import('../registry.ts'),
          ]);
        const asked = resolve(terminal.cwd, path);
        const site = siteOf(asked);
        const configuration = await loadConfiguration(site, { registry, definitions: readDefinitions() });
        const inside = relative(site, asked).split(sep).join('/');
        const results = await runTests(testsUnder(configuration, inside), site, { update });
        const passed = results.filter(isPassed).length;
        terminal.stdout.write(
          json
            ? `${JSON.stringify(results.map((result) => ({ ...result, ok: isPassed(result) })))}\n`
            : `${results.map(resultText).join('')}${summary(results.length, passed)}\n`,
        );
        return passed === results.length ? exitCode.ok : exitCode.found;
      }),
    );
};

/** With the tests of the channel files at or under `inside` only; all where it is empty. */
function testsUnder(configuration: Configuration, inside: string): Configuration {
  const channels = configuration.channels
    .filter(({ file }) => inside === '' || file === inside || file.startsWith(`${inside}/`))
    .map(({ name }) => name);
  return { ...configuration, tests: configuration.tests.filter(({ channel }) => channels.includes(channel)) };
}

function isPassed({ differences }: TestResult): boolean {
  return differences.length === 0;
}

function resultText(result: TestResult): string {
  const lines = [
    `${isPassed(result) ? '✓' : '✗'} ${result.channel}  ${result.in}`,
    ...result.differences.map((line) => `    ${printable(line)}`),
    ...result.updated.map((file) => `    wrote ${file}`),
  ];
  return `${lines.join('\n')}\n`;
}

function summary(all: number, passed: number): string {
  if (all === 0) return 'No tests.';
  const failed = all - passed;
  return failed === 0 ? `${passed} passed.` : `${passed} passed, ${failed} failed.`;
}
