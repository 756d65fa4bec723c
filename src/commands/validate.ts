/** `pipehat validate`: what is wrong with messages. */
import { PipehatError } from '../errors.ts';
import type { Findings } from '../hl7/finding.ts';
import type { Profile } from '../pipeline/profile.ts';
import { charset } from './arguments.ts';
import { type AddCommand, action, errorJson, errorText, exitCode, type Terminal } from './command.ts';
import { findingText } from './finding-text.ts';
import { filesOf, type Input, readInputs, warnOf } from './inputs.ts';
import { many } from './many.ts';
import { print } from './printable.ts';

interface ValidateOptions {
  readonly profile?: string;
  readonly site?: string;
  readonly version?: string;
  readonly charset?: string;
  readonly json?: boolean;
}

/** Adds `validate`. */
export const addValidate: AddCommand = (program, terminal, end) => {
  program
    .command('validate')
    .argument('<paths...>', 'files of messages, folders of *.hl7, or - for standard input')
    .summary('check messages against HL7 and a profile')
    .description(
      `Checks messages against the HL7 version that they name: segments, required fields, repetitions, lengths, data types, \
codes; and against what a profile of the site says. Prints each finding with its place, rule and code of table 0357, and no \
value of a field. Errors end with exit code 1; warnings don't.

  pipehat validate samples/
  pipehat validate samples/invalid --profile his-ghh`,
    )
    .option('--profile <name>', 'profile under profiles')
    .option(
      '--site <folder>',
      'folder of the site with the profile (default: the nearest at or above the current one)',
    )
    .option('--charset <name>', 'character set where MSH-18 is empty (default: valid UTF-8)', charset)
    .option('--version <version>', 'read all messages as this version, whatever MSH-12 says')
    .option('--json', 'print a JSON line a message: {file, ok, version, findings, more} or {file, ok, error}')
    .action(
      action(terminal, end, async (paths: string[], options: ValidateOptions) => {
        const check = await createCheck(options, terminal);
        let allWell = true;
        const onFinding = (file: string, finding: PipehatError) => {
          allWell = false;
          warnOf(file, finding, terminal);
        };
        for await (const input of readInputs(await filesOf(paths, terminal.cwd), terminal, onFinding)) {
          const result = check(input);
          const isWell = !(result instanceof PipehatError) && result.findings.errors === 0;
          allWell &&= isWell;
          if (options.json) await print(terminal, `${JSON.stringify(lineOf(input.file, result, isWell))}\n`);
          else if (result instanceof PipehatError)
            terminal.stderr.write(`${input.file}\n${errorText(result)}`);
          else await print(terminal, tell(input.file, result));
        }
        if (terminal.interrupted.aborted) return exitCode.failed;
        return allWell ? exitCode.ok : exitCode.found;
      }),
    );
};

/** What became of one message. */
interface Checked {
  readonly version: string;
  readonly findings: Findings;
}

async function createCheck(
  options: ValidateOptions,
  { cwd }: Terminal,
): Promise<(input: Input) => Checked | PipehatError> {
  const [{ readReceived }, { findingsIn }] = await Promise.all([
    import('../pipeline/read.ts'),
    import('../pipeline/validation.ts'),
  ]);
  const reading = { charset: options.charset === undefined ? undefined : [options.charset] };
  const { profile: name, site } = options;
  const profile = name === undefined ? undefined : await readProfile(name, site, cwd);
  return (input) => {
    if (input.error !== undefined) return input.error;
    try {
      const { message, facts } = readReceived(reading, input.bytes);
      const version = options.version ?? facts.version;
      return { version, findings: findingsIn(message, version, profile) };
    } catch (error) {
      if (error instanceof PipehatError) return error;
      throw error;
    }
  };
}

/** The profile's compiler is only needed where one is named. */
async function readProfile(profile: string, site: string | undefined, cwd: string): Promise<Profile> {
  const { chooseProfile } = await import('./chosen-profile.ts');
  return chooseProfile({ profile, site, cwd });
}

function lineOf(file: string, result: Checked | PipehatError, ok: boolean): object {
  if (result instanceof PipehatError) return { file, ok, error: errorJson(result) };
  const { found, more } = result.findings;
  return { file, ok, version: result.version, findings: found, more };
}

/** The message's line, then one for each finding. */
function tell(file: string, { version, findings }: Checked): string {
  const { found, more, errors } = findings;
  const warnings = found.length + more - errors;
  const lines = [`${file}  version ${version}  ${many(errors, 'error')}, ${many(warnings, 'warning')}`];
  lines.push(...found.map((finding) => `  ${findingText(finding)}`));
  if (more > 0) lines.push(`  and ${more} more`);
  return `${lines.join('\n')}\n`;
}
