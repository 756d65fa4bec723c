/** `pipehat send`: messages to an MLLP receiver, and its answers. */
import type { PipehatError } from '../errors.ts';
import { createMllpClient, type MllpClient } from '../mllp/client.ts';
import { type HostPort, hostPort, wholeNumber } from './arguments.ts';
import { type AddCommand, action, type ExitCode, exitCode, type Terminal } from './command.ts';
import {
  ackText,
  type Exchange,
  exchange,
  exchangeJson,
  exchangeText,
  isAccepted,
  summary,
} from './exchange.ts';
import { filesOf, type Input, readInputs, warnOf } from './inputs.ts';
import { print } from './printable.ts';
import { openProgress, type Progress } from './progress.ts';

interface SendOptions {
  readonly to: HostPort;
  readonly concurrency: number;
  readonly repeat: number;
  readonly timeoutMs: number;
  readonly json?: boolean;
}

/** Adds `send`. */
export const addSend: AddCommand = (program, terminal, end) => {
  program
    .command('send')
    .argument('<paths...>', 'files of messages, or folders of *.hl7')
    .summary('send messages over MLLP and show the answers')
    .description(
      `Sends messages one after another over one connection, waits for the ACK of each, and prints it. What is no HL7 is sent \
too, so that you see the answer. A message that asks for more than one ACK, or for one in some cases only (MSH-15 and MSH-16), goes over a \
connection of its own and gets them all: CA AA. More than 20 messages on a terminal show a bar, and print only what was not accepted.

  pipehat send samples/adt-a01-admit.hl7 --to localhost:2575
  pipehat send samples/ --to localhost:2575 --concurrency 4

Exit code 1: something was not accepted. 3: nobody listens.`,
    )
    .requiredOption('--to <host:port>', 'where the receiver listens', hostPort)
    .option('--concurrency <number>', 'connections, each with one message under way', wholeNumber(1, 1000), 1)
    .option('--repeat <number>', 'send everything so many times', wholeNumber(1, 1e9), 1)
    .option(
      '--timeout-ms <number>',
      'how long to wait for a connection, and for an ACK',
      wholeNumber(1, 1e9),
      30_000,
    )
    .option('--json', 'print a JSON line a message: {file, control_id, ack, ms, errors, error}')
    .action(
      action(terminal, end, async (paths: string[], options: SendOptions) => {
        const files = await filesOf(paths, terminal.cwd);
        const progress = options.json ? undefined : await openProgress(files, options.repeat, terminal);
        return sendAll(files, options, terminal, progress);
      }),
    );
};

async function sendAll(
  files: readonly string[],
  { to, concurrency, repeat, timeoutMs, json }: SendOptions,
  terminal: Terminal,
  progress: Progress | undefined,
): Promise<ExitCode> {
  const { createLog } = await import('../log.ts');
  const log = createLog({ level: 'warn', form: 'text' });
  const receiver = { ...to, connect_timeout_ms: timeoutMs };
  const started = performance.now();
  const answers = new Map<string, number>();
  let allWell = true;

  const found = new Set<string>();
  /** Told once, however often the files are sent. */
  const onFinding = (file: string, finding: PipehatError): void => {
    allWell = false;
    const says = `${file} ${finding.message}`;
    if (found.has(says)) return;
    found.add(says);
    progress?.clear();
    warnOf(file, finding, terminal);
  };
  const inputs = repeated(files, repeat, terminal, onFinding);

  const report = async (done: Exchange): Promise<void> => {
    const ack = ackText(done);
    answers.set(ack, (answers.get(ack) ?? 0) + 1);
    allWell &&= isAccepted(done);
    // A bar and many lines don't share a terminal well.
    const shown = progress === undefined || terminal.stdout.isTTY !== true || !isAccepted(done);
    if (shown) {
      progress?.clear();
      await print(terminal, json ? `${JSON.stringify(exchangeJson(done))}\n` : exchangeText(done));
    }
    progress?.step();
  };
  /** Whoever ends, ends the messages for all: the last of them went out, or one could not. */
  const work = async (client: MllpClient): Promise<void> => {
    for await (const input of inputs) {
      await report(await exchange(client, input, receiver, terminal.interrupted));
      if (terminal.interrupted.aborted) return;
    }
  };

  const clients = Array.from({ length: concurrency }, () =>
    createMllpClient({ ...receiver, answer_timeout_ms: timeoutMs, log }),
  );
  const close = (): void => {
    for (const client of clients) client.close();
  };
  terminal.interrupted.addEventListener('abort', close, { once: true });
  try {
    await Promise.all(clients.map(work));
  } finally {
    close();
    progress?.stop();
    terminal.interrupted.removeEventListener('abort', close);
    if (!json && answers.size > 0) await print(terminal, summary(answers, performance.now() - started));
  }
  if (terminal.interrupted.aborted) return exitCode.failed;
  return allWell ? exitCode.ok : exitCode.found;
}

async function* repeated(
  files: readonly string[],
  times: number,
  terminal: Terminal,
  onFinding: Parameters<typeof readInputs>[2],
): AsyncGenerator<Input> {
  for (let i = 0; i < times; i++) yield* readInputs(files, terminal, onFinding);
}
