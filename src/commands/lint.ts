/** `pipehat lint`: what is wrong with the files of a site. */
import { join, relative, resolve } from 'node:path';
import { formatProblem, hasErrors, type Problem } from '../problem.ts';
import { type AddCommand, action, exitCode } from './command.ts';
import { many } from './many.ts';

interface LintOptions {
  readonly json?: boolean;
}

/** Adds `lint`. */
export const addLint: AddCommand = (program, terminal, end) => {
  program
    .command('lint')
    .argument('[path]', 'a site, or a folder or file in it', '.')
    .summary('check the files of a site')
    .description(
      `Checks pipehat.yaml, channels, systems, mappings and profiles against their schemas, each other, HL7 and FHIR, and prints every \
problem as file:line:column rule message. Warnings do not keep a site from starting; errors do.

  pipehat lint
  pipehat lint channels/hospital.yaml`,
    )
    .option('--json', 'print the problems as a JSON list of {file, line, column, rule, says, level}')
    .action(
      action(terminal, end, async (path: string, { json }: LintOptions) => {
        const [{ lint, siteOf }, { readDefinitions }, { registry }] = await Promise.all([
          import('../config/lint.ts'),
          import('../fhir/definitions.ts'),
          import('../registry.ts'),
        ]);
        const asked = resolve(terminal.cwd, path);
        const found = await lint(asked, { registry, definitions: readDefinitions() });
        const fromHere = relative(terminal.cwd, siteOf(asked));
        const problems = found.map((problem) => ({ ...problem, file: join(fromHere, problem.file) }));
        const lines = json ? [JSON.stringify(problems)] : [...problems.map(formatProblem), summary(problems)];
        terminal.stdout.write(`${lines.join('\n')}\n`);
        return hasErrors(problems) ? exitCode.found : exitCode.ok;
      }),
    );
};

function summary(problems: readonly Problem[]): string {
  if (problems.length === 0) return 'No problems.';
  const warnings = problems.filter(({ level }) => level === 'warning').length;
  const errors = problems.length - warnings;
  const counts = [many(errors, 'error'), many(warnings, 'warning')].filter((text) => !text.startsWith('0'));
  return `${counts.join(', ')}.`;
}
