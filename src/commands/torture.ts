/** `pipehat torture`: how any MLLP receiver, or an engine's sender, takes what hospitals' networks do to it. */
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { PipehatError } from '../errors.ts';
import { isChosen, receiverCases, senderCases } from '../torture/catalogue.ts';
import { createKitReceiver, type KitReceiver } from '../torture/receiver.ts';
import { caseRow, isSound, junitXml, resultJson, resultText, summaryText } from '../torture/report.ts';
import { type Result, type Settings, torture } from '../torture/run.ts';
import { FULL, QUICK } from '../torture/scale.ts';
import { ownTemplate, readTemplate, type Template } from '../torture/template.ts';
import { Finding } from '../torture/verdict.ts';
import { openLine, type Peer } from '../torture/wire.ts';
import { type HostPort, hostPort, wholeNumber } from './arguments.ts';
import { type AddCommand, action, type ExitCode, exitCode, type Terminal } from './command.ts';
import { print, printable } from './printable.ts';
import { restartWith } from './restart-command.ts';
import { table } from './table.ts';

interface TortureOptions {
  readonly feed?: HostPort;
  readonly listen?: HostPort;
  readonly only?: readonly string[];
  readonly list?: boolean;
  readonly quick?: boolean;
  readonly maxMb?: number;
  readonly timeoutMs: number;
  readonly resendMs?: number;
  readonly seed?: number;
  readonly message?: string;
  readonly version: string;
  readonly sending: string;
  readonly receiving: string;
  readonly processingId: string;
  readonly tls?: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly restartCommand?: string;
  readonly json?: boolean;
  readonly junit?: string;
}

/** Adds `torture`. */
export const addTorture: AddCommand = (program, terminal, end) => {
  const command: Command = program
    .command('torture')
    .argument('[host:port]', 'the receiver to torture', hostPort)
    .summary('test any MLLP receiver or sender: framing, ACKs, duplicates, sizes, floods')
    .description(
      `Does to an MLLP receiver what networks and senders do to it in the field, and tells for each case pass or fail and what was \
seen. It works on any engine; docs/torture.md says how, and what each case is about. It sends thousands of messages of invented \
patients: point it at a test system.

  pipehat torture localhost:2575
  pipehat torture localhost:2575 --only framing --only duplicate/lost-answer
  pipehat torture engine:6661 --message our-adt.hl7 --quick --junit torture.xml
  pipehat torture --feed engine:6661 --listen 0.0.0.0:6700

The last one tortures the engine's sender. Exit code 1: a case of level "must" failed. 3: nobody listens.`,
    )
    .option('--only <name>', 'a group, or group/case; may be repeated', choose)
    .option('--list', 'print the cases and run none')
    .option('--quick', 'smaller sizes and shorter waits: for a check on each change')
    .option(
      '--timeout-ms <number>',
      'how long a connection, and an answer, may take',
      wholeNumber(1, 1e9),
      10_000,
    )
    .option(
      '--max-mb <number>',
      'size of the frame that nobody has to take (default: 200, with --quick 4)',
      wholeNumber(1, 100_000),
    )
    .option('--seed <number>', 'for the random cuts and junk of an earlier run', wholeNumber(0, 2 ** 31))
    .option('--message <file>', 'a message that the receiver takes, to vary instead of the kit’s own')
    .addOption(new Option('--version <version>', 'MSH-12').default('2.5.1').conflicts('message'))
    .addOption(
      new Option('--sending <app^facility>', 'MSH-3, MSH-4').default('TORTURE^TEST').conflicts('message'),
    )
    .addOption(
      new Option('--receiving <app^facility>', 'MSH-5, MSH-6').default('RECEIVER^TEST').conflicts('message'),
    )
    .addOption(
      new Option('--processing-id <letter>', 'MSH-11: T training, D debugging, P production')
        .default('T')
        .conflicts('message'),
    )
    .option('--tls', 'talk TLS to receiver and feed')
    .option('--ca <file>', 'certificates to trust (PEM); implies --tls')
    .option('--cert <file>', 'own certificate (PEM), for mutual TLS; implies --tls')
    .option('--key <file>', 'its private key (PEM)')
    .option('--restart-command <command>', 'restarts the receiver; without it the group restart is not run')
    .option(
      '--listen <[host:]port>',
      'play the receiver that the engine sends to, and torture its sender',
      listenAt,
    )
    .option(
      '--feed <host:port>',
      'where messages go in that come out at --listen (default: the receiver)',
      hostPort,
    )
    .option(
      '--resend-ms <number>',
      'how long the sender may take to send again (default: 60000, with --quick 15000)',
      wholeNumber(1, 1e9),
    )
    .option('--json', 'print a JSON line a case: {group, case, level, verdict, saw, ms, title, why}')
    .option('--junit <file>', 'write JUnit XML too');
  command.action(
    action(terminal, end, (target: HostPort | undefined, options: TortureOptions) => {
      if (options.list === true) return list(options, terminal);
      if (target === undefined && (options.feed === undefined || options.listen === undefined))
        command.error('error: name a receiver, or --feed and --listen', { exitCode: exitCode.usage });
      return run(target, options, terminal);
    }),
  );
};

function choose(name: string, before: readonly string[] = []): readonly string[] {
  if ([...receiverCases, ...senderCases].some((one) => isChosen(one, [name]))) return [...before, name];
  throw new InvalidArgumentError('expected a group, or group/case, of those that --list prints');
}

/** `6700`, or with the address of this machine to listen on. */
function listenAt(text: string): HostPort {
  return hostPort(text.includes(':') ? text : `127.0.0.1:${text}`);
}

async function list({ only = [], json }: TortureOptions, terminal: Terminal): Promise<ExitCode> {
  const cases = [...receiverCases, ...senderCases].filter((one) => isChosen(one, only));
  const text = json
    ? cases
        .map(
          ({ group, id, level, title, why }) => `${JSON.stringify({ group, case: id, level, title, why })}\n`,
        )
        .join('')
    : table(cases.map(caseRow));
  await print(terminal, text);
  return exitCode.ok;
}

async function run(
  target: HostPort | undefined,
  options: TortureOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const { listen, json } = options;
  const receiver = listen === undefined ? undefined : createKitReceiver(listen.host, listen.port);
  const settings = await settingsOf(target, options, receiver, terminal);
  await reach(settings);
  await receiver?.start();
  const peer = options.feed ?? target!;
  terminal.stderr.write(
    `Sends messages of invented patients to ${peer.host}:${peer.port}, with control ids ${settings.run}-1 and so on (seed ${settings.seed}).\n`,
  );
  const results: Result[] = [];
  try {
    for await (const result of torture(settings)) {
      const isNewGroup = results.at(-1)?.one.group !== result.one.group;
      results.push(result);
      const text = `${isNewGroup ? `${result.one.group}\n` : ''}${printableLines(resultText(result))}`;
      await print(terminal, json ? `${JSON.stringify(resultJson(result))}\n` : text);
    }
  } finally {
    await receiver?.stop();
  }
  if (!json) await print(terminal, summaryText(results));
  if (options.junit !== undefined) await writeJunit(resolve(terminal.cwd, options.junit), results);
  if (terminal.interrupted.aborted) return exitCode.failed;
  return isSound(results) ? exitCode.ok : exitCode.found;
}

async function settingsOf(
  target: HostPort | undefined,
  options: TortureOptions,
  receiver: KitReceiver | undefined,
  terminal: Terminal,
): Promise<Settings> {
  const file = async (path: string | undefined): Promise<Buffer | undefined> =>
    path === undefined ? undefined : readInput(resolve(terminal.cwd, path), path);
  const { ca, cert, key, maxMb, resendMs } = options;
  const usesTls = options.tls === true || ca !== undefined || cert !== undefined;
  const [trusted, own, secret] = [await file(ca), await file(cert), await file(key)];
  const tls = usesTls
    ? { ...(trusted && { ca: trusted }), ...(own && { cert: own }), ...(secret && { key: secret }) }
    : undefined;
  const peer = (place: HostPort | undefined): Peer | undefined => place && { ...place, tls };
  return {
    target: peer(target),
    feed: receiver && peer(options.feed ?? target),
    receiver,
    template: await templateOf(options, file),
    timeout_ms: options.timeoutMs,
    scale: {
      ...(options.quick === true ? QUICK : FULL),
      ...(maxMb !== undefined && { oversized_bytes: maxMb * 1024 * 1024 }),
      ...(resendMs !== undefined && { resend_ms: resendMs }),
    },
    seed: options.seed ?? Math.floor(Math.random() * 2 ** 31),
    // Short, since MSH-10 holds 20 characters up to version 2.6.
    run: `T${randomUUID().slice(0, 8).toUpperCase()}`,
    restart: options.restartCommand === undefined ? undefined : restartWith(options.restartCommand, terminal),
    only: options.only ?? [],
    interrupted: terminal.interrupted,
  };
}

async function templateOf(
  { message, version, sending, receiving, processingId }: TortureOptions,
  file: (path: string | undefined) => Promise<Buffer | undefined>,
): Promise<Template> {
  const bytes = await file(message);
  return bytes === undefined
    ? ownTemplate({ version, sending, receiving, processing_id: processingId })
    : readTemplate(bytes);
}

/** Throws `mllp-unreachable` where nobody listens: then no case tells anything. */
async function reach({ target, feed, timeout_ms }: Settings): Promise<void> {
  for (const peer of [target, feed]) {
    if (peer === undefined) continue;
    try {
      await (await openLine(peer, timeout_ms)).close();
    } catch (error) {
      if (!(error instanceof Finding)) throw error;
      const { host, port } = peer;
      throw new PipehatError('mllp-unreachable', { host, port, reason: error.verdict.saw }, { cause: error });
    }
  }
}

async function readInput(path: string, shownPath: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code;
    throw new PipehatError('input-unreadable', { path: shownPath, reason }, { cause });
  }
}

async function writeJunit(path: string, results: readonly Result[]): Promise<void> {
  try {
    await writeFile(path, junitXml(results));
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code;
    throw new PipehatError('output-unwritable', { path, reason }, { cause });
  }
}

function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
