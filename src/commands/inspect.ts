/** `pipehat inspect`: a message spelled out. */
import { PipehatError } from '../errors.ts';
import type { Header } from '../hl7/header.ts';
import type { Inspection } from '../hl7/inspect.ts';
import { type AddCommand, action, errorJson, errorText, exitCode } from './command.ts';
import { filesOf, readInputs } from './inputs.ts';
import { inspectionText } from './inspection-text.ts';
import { print } from './printable.ts';

interface InspectOptions {
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
    .option(
      '--json',
      'print a JSON line a message: {file, type, version, structure, segments, misfits} or {file, error}',
    )
    .action(
      action(terminal, end, async (path: string, { json }: InspectOptions) => {
        const spell = await createSpell();
        const { stdout, env } = terminal;
        const style = { dim: stdout.isTTY === true && !env['NO_COLOR'], columns: stdout.columns };
        const files = await filesOf([path], terminal.cwd);
        let allWell = true;
        for await (const { file, ...input } of readInputs(files, terminal)) {
          if (input.error !== undefined && files.length === 1) throw input.error;
          const found = input.error ?? spell(input.bytes);
          if (found instanceof PipehatError) {
            allWell = false;
            if (json) await print(terminal, `${JSON.stringify({ file, error: errorJson(found) })}\n`);
            else terminal.stderr.write(`${file}\n${errorText(found)}`);
          } else if (json) {
            const { code, event, version } = found.header;
            const line = { file, type: `${code}^${event}`, version, ...found.inspection };
            await print(terminal, `${JSON.stringify(line)}\n`);
          } else await print(terminal, inspectionText(file, found.header, found.inspection, style));
        }
        return allWell ? exitCode.ok : exitCode.found;
      }),
    );
};

/** A message spelled out, or why it can't be read. */
type Spell = (
  bytes: Uint8Array,
) => { readonly header: Header; readonly inspection: Inspection } | PipehatError;

async function createSpell(): Promise<Spell> {
  const [{ inspect }, { readHeader }, { decode }, { readMessage }] = await Promise.all([
    import('../hl7/inspect.ts'),
    import('../hl7/header.ts'),
    import('../hl7/charset.ts'),
    import('../hl7/message.ts'),
  ]);
  return (bytes) => {
    try {
      const header = readHeader(bytes);
      const message = readMessage(decode(bytes, header.charset).text);
      return { header, inspection: inspect(message, header.version) };
    } catch (error) {
      if (error instanceof PipehatError) return error;
      throw error;
    }
  };
}
