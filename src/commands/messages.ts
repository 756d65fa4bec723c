/** `pipehat messages`: lists what came in, newest first. */
import { InvalidArgumentError } from 'commander';
import { listMessages, type MessageLine } from '../store/overview.ts';
import { type AddCommand, action, exitCode } from './command.ts';
import { type StoreOptions, withStore, withStoreOptions } from './store.ts';
import { table } from './table.ts';

interface MessagesOptions extends StoreOptions {
  readonly channel?: string;
  readonly state?: string;
  readonly type?: string;
  readonly controlId?: string;
  readonly patient?: string;
  readonly visit?: string;
  readonly order?: string;
  readonly since?: Date;
  readonly until?: Date;
  readonly limit: number;
}

export const addMessages: AddCommand = (program, terminal, end) => {
  withStoreOptions(program.command('messages').summary('list messages'))
    .description(
      `Lists messages, newest first. All filters must hold. Numbers of patients, visits and orders are found by their
keyed hash, and only whole.

  pipehat messages --state failed --since 2026-01-01
  pipehat messages --patient 4711`,
    )
    .option('--channel <name>', 'of this channel')
    .option('--state <state>', 'received, processed, filtered, failed or rejected')
    .option('--type <type>', 'MSH-9, such as ADT^A01')
    .option('--control-id <id>', 'MSH-10')
    .option('--patient <number>', 'a patient number (PID-3, PID-2)')
    .option('--visit <number>', 'a visit number (PV1-19)')
    .option('--order <number>', 'a placer or filler number (ORC-2, ORC-3, OBR-2, OBR-3)')
    .option('--since <time>', 'received at or after', time)
    .option('--until <time>', 'received before', time)
    .option('--limit <n>', 'at most so many', count, 50)
    .action(
      action(terminal, end, (options: MessagesOptions) =>
        withStore(terminal, options, async ({ pool, keyring }) => {
          const number = (['patient', 'visit', 'order'] as const).find((kind) => options[kind] !== undefined);
          const lines = await listMessages(pool, {
            ...options,
            control_id: options.controlId,
            search: number && keyring.hash(number, options[number]!),
          });
          if (options.json) for (const line of lines) terminal.stdout.write(`${JSON.stringify(line)}\n`);
          else
            terminal.stdout.write(lines.length === 0 ? 'No message.\n' : table([HEAD, ...lines.map(cells)]));
          return exitCode.ok;
        }),
      ),
    );
};

const HEAD = ['ID', 'RECEIVED', 'CHANNEL', 'TYPE', 'CONTROL ID', 'SENDER', 'ACK', 'STATE', 'DELIVERIES'];

function cells(line: MessageLine): string[] {
  const deliveries = Object.entries(line.deliveries).map(([state, number]) => `${number} ${state}`);
  return [
    ...[String(line.id), line.received_at.toISOString(), line.channel, line.type || '?', line.control_id],
    ...[line.sender, line.acks, line.error_code === null ? line.state : `${line.state} ${line.error_code}`],
    deliveries.join(', '),
  ];
}

function time(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new InvalidArgumentError('expected a time such as 2026-01-31T08:00Z');
  return date;
}

function count(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('expected a number from 1 to 99999');
  return Number(text);
}
