/** `pipehat inspect`: a message spelled out. */
import { PipehatError } from '../errors.ts';
import type { Inspection } from '../hl7/inspect.ts';
import type { Received } from '../pipeline/read.ts';
import { charset } from './arguments.ts';
import { type AddCommand, action, errorJson, errorText, exitCode } from './command.ts';
import { filesOf, readInputs, warnOf } from './inputs.ts';
import { inspectionText } from './inspection-text.ts';
import { print } from './printable.ts';

interface InspectOptions {
  readonly charset?: string;
  readonly json?: boolean;
}

/** Adds `inspect`. */
export const addInspect: AddCommand = (program, terminal, end) => {
  program
    .command('inspect')
    .argument('<path>', 'a file of messages, a folder of *.hl7, or - for standard input')
    .summary('show segments and fields of a message with their names')
    .description(
      `Spells messages out: every field that has a value, with its name and type in the version of MSH-12; at the end, where the \
message leaves the structure that HL7 gives it.

  pipehat inspect samples/oru-r01-cbc.hl7`,
    )
    .option('--charset <name>', 'character set where MSH-18 is empty (default: valid UTF-8)', charset)
    .option(
      '--json',
      'print a JSON line a message: {file, type, version, charset, charset_by, structure, segments, misfits} or {file, error}',
    )
    .action(
      action(terminal, end, async (path: string, { json, charset: named }: InspectOptions) => {
        const spell = await createSpell(named);
        const { stdout, env } = terminal;
        const style = { dim: stdout.isTTY === true && !env['NO_COLOR'], columns: stdout.columns };
        const files = await filesOf([path], terminal.cwd);
        let allWell = true;
        const onFinding = (file: string, finding: PipehatError) => {
          allWell = false;
          warnOf(file, finding, terminal);
        };
        for await (const { file, ...input } of readInputs(files, terminal, onFinding)) {
          if (input.error !== undefined && files.length === 1) throw input.error;
          const found = input.error ?? spell(input.bytes);
          if (found instanceof PipehatError) {
            allWell = false;
            if (json) await print(terminal, `${JSON.stringify({ file, error: errorJson(found) })}\n`);
            else terminal.stderr.write(`${file}\n${errorText(found)}`);
          } else if (json) {
            const { facts, charset: set, source } = found.received;
            const { code, event, version } = facts;
            const line = {
              ...{ file, type: `${code}^${event}`, version, charset: set, charset_by: source },
              ...found.inspection,
            };
            await print(terminal, `${JSON.stringify(line)}\n`);
          } else await print(terminal, inspectionText(file, found.received, found.inspection, style));
        }
        return allWell ? exitCode.ok : exitCode.found;
      }),
    );
};

/** A message spelled out, or why it can't be read. */
type Spell = (
  bytes: Uint8Array,
) => { readonly received: Received; readonly inspection: Inspection } | PipehatError;

async function createSpell(named: string | undefined): Promise<Spell> {
  const [{ inspect }, { readReceived }] = await Promise.all([
    import('../hl7/inspect.ts'),
    import('../pipeline/read.ts'),
  ]);
  const reading = { charset: named === undefined ? undefined : [named] };
  return (bytes) => {
    try {
      const received = readReceived(reading, bytes);
      return { received, inspection: inspect(received.message, received.facts.version) };
    } catch (error) {
      if (error instanceof PipehatError) return error;
      throw error;
    }
  };
}
