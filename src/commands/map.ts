/** `pipehat map`: HL7 v2 in, FHIR out. */
import type { Bundle } from '@medplum/fhirtypes';
import { PipehatError } from '../errors.ts';
import type { Finding, Validator } from '../fhir/validate.ts';
import type { Warning } from '../mapping/mapping.ts';
import { charset, timeZone } from './arguments.ts';
import type { ChosenMapping } from './chosen-mapping.ts';
import { type AddCommand, action, errorText, exitCode, type Terminal } from './command.ts';
import { filesOf, type Input, readInputs, STANDARD_INPUT, warnOf } from './inputs.ts';
import { print } from './printable.ts';

interface MapOptions {
  readonly mapping: string;
  readonly site?: string;
  readonly timeZone?: string;
  readonly charset?: string;
  readonly include?: readonly string[];
  readonly validate?: boolean;
  readonly json?: boolean;
}

/** What became of one message. */
interface MapResult {
  readonly bundle?: Bundle;
  /** What was assumed where the message says nothing: its character set, the zone of times without an offset. */
  readonly assumed?: { readonly charset?: string; readonly time_zone?: string };
  /** What the mapping could not carry over. */
  readonly warnings: readonly Warning[];
  /** What breaks FHIR R4, where it was asked. */
  readonly findings: readonly Finding[];
  readonly error?: PipehatError;
}

type MapOne = (bytes: Uint8Array) => Required<Omit<MapResult, 'error'>>;

/** Adds `map`. */
export const addMap: AddCommand = (program, terminal, end) => {
  program
    .command('map')
    .argument('[paths...]', 'files of messages, folders of *.hl7, or - for standard input (the default)')
    .summary('turn HL7 v2 into FHIR')
    .description(
      `Runs messages through a mapping and prints the FHIR transaction Bundle that would be written. Needs no database and \
sends nothing. One message of one file prints its Bundle; everything else prints one JSON line a message, \
{file, ok, bundle | error}, as it goes; "assumed" there names the zone of times without an offset, and a character set that MSH-18 does not. A bad message does not stop the rest. Mappings, time zone and tenant are those of the \
site; without a site, those that come with Pipehat.

  pipehat map samples/adt-a01-admit.hl7
  pipehat map samples/ | jq -c 'select(.ok | not) | {file, error}'`,
    )
    .option('--mapping <name>', 'folder under mappings', 'v2-to-fhir')
    .option('--site <folder>', 'folder of the site (default: the nearest at or above the current one)')
    .option(
      '--time-zone <name>',
      'zone of times without an offset (default: of the site, else UTC)',
      timeZone,
    )
    .option('--charset <name>', 'character set where MSH-18 is empty (default: valid UTF-8)', charset)
    .option(
      '--include <types>',
      'resource types that are only made when asked for: MessageHeader,Provenance',
      (text: string) => text.split(','),
    )
    .option('--validate', 'check each Bundle against FHIR R4 too')
    .option('--json', 'print a JSON line also for one message')
    .action(
      action(terminal, end, async (paths: string[], options: MapOptions) => {
        const map = await createMap(options, terminal);
        const named = paths.length === 0 ? [STANDARD_INPUT] : paths;
        const files = await filesOf(named, terminal.cwd);
        // The only message of the only file, and asked for by that name.
        const isAlone = ({ file }: Input) =>
          !options.json && files.length === 1 && file === named[0] && file !== STANDARD_INPUT;
        let allWell = true;
        const onFinding = (file: string, finding: PipehatError) => {
          allWell = false;
          warnOf(file, finding, terminal);
        };
        for await (const input of readInputs(files, terminal, onFinding)) {
          if (terminal.interrupted.aborted) break;
          if (input.error !== undefined && isAlone(input)) throw input.error;
          const result = resultOf(input, map);
          if (isAlone(input)) await printAlone(result, terminal);
          else await print(terminal, `${JSON.stringify(lineOf(input.file, result))}\n`);
          allWell &&= result.error === undefined;
        }
        if (terminal.interrupted.aborted) return exitCode.failed;
        return allWell ? exitCode.ok : exitCode.found;
      }),
    );
};

async function createMap({ validate, ...options }: MapOptions, { cwd }: Terminal): Promise<MapOne> {
  const [{ chooseMapping }, { transactionBundle, writesOf }, { readReceived }] = await Promise.all([
    import('./chosen-mapping.ts'),
    import('../fhir/bundle.ts'),
    import('../pipeline/read.ts'),
  ]);
  const validator = validate ? await makeValidator() : () => [];
  const { mapping, context }: ChosenMapping = await chooseMapping({
    mapping: options.mapping,
    site: options.site,
    time_zone: options.timeZone,
    cwd,
  });
  const include = options.include ?? [];
  for (const type of include.filter((one) => !mapping.optional.has(one))) {
    const known = [...mapping.optional].join(', ') || 'nothing';
    throw new PipehatError('mapping-not-optional', { mapping: mapping.name, type, known });
  }
  const reading = { charset: options.charset === undefined ? undefined : [options.charset] };
  return (bytes) => {
    const received = readReceived(reading, bytes);
    const mapped = mapping.run(received.message, { ...context, include });
    const assumed = {
      ...(received.warning !== undefined && { charset: received.charset }),
      ...(mapped.time_zone !== undefined && { time_zone: mapped.time_zone }),
    };
    const bundle = transactionBundle(writesOf(mapped));
    // Warnings doubt every reference within the Bundle, since the validator looks at one element at a time.
    const findings = validator(bundle).filter(({ severity }) => severity === 'error');
    return { bundle, assumed, warnings: mapped.warnings, findings };
  };
}

async function makeValidator(): Promise<Validator> {
  const [{ createValidator }, { readDefinitions }] = await Promise.all([
    import('../fhir/validate.ts'),
    import('../fhir/definitions.ts'),
  ]);
  return createValidator(readDefinitions());
}

/** Maps one message. Catches all: whatever a message brings about, the next one has its turn. */
export function resultOf(input: Input, map: MapOne): MapResult {
  if (input.error !== undefined) return { warnings: [], findings: [], error: input.error };
  try {
    const result = map(input.bytes);
    const [first] = result.findings;
    if (first === undefined) return result;
    const error = new PipehatError('bundle-invalid', { count: result.findings.length }, { at: first.at });
    return { ...result, error };
  } catch (cause) {
    const error = cause instanceof PipehatError ? cause : new PipehatError('internal', {}, { cause });
    return { warnings: [], findings: [], error };
  }
}

function lineOf(file: string, { bundle, assumed = {}, warnings, findings, error }: MapResult): object {
  return {
    file,
    ok: error === undefined,
    ...(bundle === undefined ? {} : { bundle }),
    ...(error === undefined
      ? {}
      : { error: { code: error.code, message: error.message, path: error.at ?? null } }),
    ...(Object.keys(assumed).length === 0 ? {} : { assumed }),
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(findings.length === 0 ? {} : { findings }),
  };
}

async function printAlone(
  { bundle, assumed, warnings, findings, error }: MapResult,
  terminal: Terminal,
): Promise<void> {
  if (bundle !== undefined) await print(terminal, `${JSON.stringify(bundle, null, 2)}\n`);
  if (assumed?.charset !== undefined)
    terminal.stderr.write(`pipehat: warning: MSH-18 does not name the set: read as ${assumed.charset}\n`);
  for (const { path, says } of warnings) terminal.stderr.write(`pipehat: warning: ${path} ${says}\n`);
  for (const { severity, at, says } of findings)
    terminal.stderr.write(`pipehat: ${severity}: ${at} ${says}\n`);
  if (error !== undefined) terminal.stderr.write(errorText(error));
}
