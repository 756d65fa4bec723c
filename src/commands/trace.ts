/** `pipehat trace ID`: the whole life of one message, from its bytes to the answers of the receivers. */

import { once } from 'node:events';
import { resolve } from 'node:path';
import { originalOf } from '../engine/original.ts';
import { type Trace, type TraceDelivery, traceMessage } from '../engine/trace.ts';
import { PipehatError } from '../errors.ts';
import type { OpenStore } from '../main.ts';
import { auditAct } from '../store/audit.ts';
import { type AddCommand, action, type ExitCode, exitCode, type Terminal } from './command.ts';
import { findingText } from './finding-text.ts';
import { auditWriter, messageId, personOf, type StoreOptions, withStore, withStoreOptions } from './store.ts';

interface TraceOptions extends StoreOptions {
  readonly bodies?: boolean;
  readonly bytes?: boolean;
}

export const addTrace: AddCommand = (program, terminal, end) => {
  withStoreOptions(program.command('trace').argument('<id>', 'number of the message', messageId))
    .summary('tell the whole life of one message')
    .description(
      'Tells the whole life of one message: how it came in and was answered, its events, each delivery with each attempt, and its entries in the audit chain.',
    )
    .option(
      '--bodies',
      'show the message, its event, requests and answers too: patient data; the audit notes who asked',
    )
    .option(
      '--bytes',
      'print nothing but the message, byte for byte as it was received, attachments included; audited too',
    )
    .action(
      action(terminal, end, (id: number, options: TraceOptions) =>
        withStore(terminal, options, async (store) => {
          if (options.bytes === true) return printBytes(terminal, store, id);
          const bodies = options.bodies === true;
          if (bodies) {
            await auditAct(auditWriter(store, 'trace'), 'message', id, 'bodies shown', personOf());
          }
          const charsetOf = bodies
            ? await channelCharsets(resolve(terminal.cwd, options.site))
            : () => undefined;
          const trace = await traceMessage(store.pool, store.keyring, id, { bodies, charsetOf });
          if (trace === undefined) throw new PipehatError('message-unknown', { id });
          terminal.stdout.write(options.json ? `${JSON.stringify(trace)}\n` : tell(trace));
          return exitCode.ok;
        }),
      ),
    );
};

/** By channel, the character sets of messages that name none. A site with problems tells none: then the bytes alone do. */
async function channelCharsets(site: string): Promise<(channel: string) => readonly string[] | undefined> {
  const [{ loadFolder }, { registry }, { readDefinitions }] = await Promise.all([
    import('../config/load.ts'),
    import('../registry.ts'),
    import('../fhir/definitions.ts'),
  ]);
  const { configuration } = await loadFolder(site, { registry, definitions: readDefinitions() });
  return (name) => configuration?.channels.find((channel) => channel.name === name)?.accept.charset;
}

/** The message as received, at the pace of whoever reads it. */
async function printBytes({ stdout }: Terminal, store: OpenStore, id: number): Promise<ExitCode> {
  await auditAct(auditWriter(store, 'trace'), 'message', id, 'bytes given out', personOf());
  const original = await originalOf(store.pool, store.keyring, id);
  if (original === undefined) throw new PipehatError('message-unknown', { id });
  for await (const piece of original.read()) if (!stdout.write(piece)) await once(stdout, 'drain');
  return exitCode.ok;
}

/** The trace as a page of text. */
function tell(trace: Trace): string {
  const lines = [
    `Message ${trace.id}  ${trace.type ?? 'not HL7'}  ${trace.control_id ?? ''}  ${trace.state}`,
    '',
    ...facts([
      ['channel', `${trace.channel}, lane ${trace.lane}`],
      [
        'from',
        `${trace.sender ?? '?'} over ${trace.connection.protocol}, ${trace.connection.remote} → ${trace.connection.local}`,
      ],
      ['received', `${trace.received_at}, ${trace.size_bytes} bytes, version ${trace.version ?? '?'}`],
      ['sha-256', trace.sha256],
      ...trace.attachments.map(({ reference, size_bytes }): [string, string] => [
        'attached',
        `${reference}, ${size_bytes} bytes`,
      ]),
      ['answered', trace.ack],
      ['later', applicationAck(trace.application_ack)],
      ['warning', trace.warning],
      [
        'processed',
        trace.processed_at && `${trace.processed_at}, configuration ${trace.config.slice(0, 12)}`,
      ],
    ]),
  ];
  if (trace.error !== undefined) {
    const { code, says, advice, at } = trace.error;
    lines.push(
      ...facts([
        ['error', `${at === undefined ? '' : `${at}: `}${says} [${code}]`],
        ['', advice],
      ]),
    );
  }
  lines.push(...tellFindings(trace));
  lines.push(...body('message', trace.body?.replaceAll('\r', '\n')));
  for (const event of trace.events) {
    lines.push('', `Event ${event.type} (${event.action})  ${event.id}`);
    if (event.time_zone !== undefined) lines.push(`  times without an offset are of ${event.time_zone}`);
    lines.push(...event.resources.map((resource) => `  ${resource}`));
    lines.push(...body('event', event.body && JSON.stringify(event.body, null, 2)));
  }
  for (const delivery of trace.deliveries) lines.push('', ...tellDelivery(delivery));
  lines.push('', 'Audit', ...trace.audit.map(({ at, action: what, by }) => `  ${at}  ${what}  (${by})`));
  return `${lines.join('\n')}\n`;
}

function tellFindings({ findings, more_findings }: Trace): string[] {
  if (findings === undefined) return [];
  const more = more_findings === undefined ? [] : [`  and ${more_findings} more`];
  return ['', 'Findings', ...findings.map((finding) => `  ${findingText(finding)}`), ...more];
}

const WAYS: Readonly<Record<string, string>> = {
  connection: 'over its connection',
  lost: 'not sent: the connection was gone',
  due: 'is sent when the message has come far enough',
};

function applicationAck(ack: Trace['application_ack']): string | undefined {
  if (ack === undefined) return undefined;
  const { code, error, at, way, delivery } = ack;
  const how = delivery === undefined ? way && WAYS[way] : `with delivery ${delivery}`;
  const said = [code, error && `[${error}]`, at].filter((part) => part !== undefined).join(' ');
  return [said || 'no ACK', how].filter((part) => part !== undefined).join(', ');
}

function tellDelivery(delivery: TraceDelivery): string[] {
  const next = delivery.next_attempt_at === undefined ? '' : `, next attempt ${delivery.next_attempt_at}`;
  const head = `Delivery ${delivery.id} to ${delivery.destination}  ${delivery.state}${next}`;
  return [
    head,
    ...delivery.attempts.flatMap((attempt) => {
      const took = new Date(attempt.ended_at).getTime() - new Date(attempt.started_at).getTime();
      const said = [attempt.status, attempt.code && `[${attempt.code}]`, attempt.says].filter((part) => part);
      return [
        `  attempt ${attempt.attempt}  ${attempt.started_at}  ${took} ms  ${attempt.outcome}  ${said.join(' ')}`.trimEnd(),
        ...body('request', attempt.request),
        ...body('response', attempt.response),
      ];
    }),
  ];
}

function facts(pairs: readonly (readonly [string, string | undefined])[]): string[] {
  return pairs.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(10)}${value}`]));
}

function body(name: string, text: string | undefined): string[] {
  if (text === undefined || text === '') return [];
  return [
    `    ── ${name}`,
    ...text
      .trimEnd()
      .split(/\r?\n|\r/)
      .map((line) => `    ${line}`),
  ];
}
