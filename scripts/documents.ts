/**
 * The parts of `docs/` that are made from the code, so that they say what the code says. `scripts/docs.ts` writes them;
 * `test/docs/documents.test.ts` fails when a file says something else.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { loadConfiguration } from '../src/config/load.ts';
import { type ErrorCode, errorDefinition, errors } from '../src/errors.ts';
import type { CanonicalEvent } from '../src/event.ts';
import { readDefinitions } from '../src/fhir/definitions.ts';
import { charsetAliases } from '../src/hl7/charset-names.ts';
import { rules } from '../src/hl7/finding.ts';
import { createMetrics } from '../src/metrics.ts';
import { runChannel } from '../src/pipeline/channel.ts';
import { readReceived } from '../src/pipeline/read.ts';
import { registry } from '../src/registry.ts';
import { deliveryStates, messageStates, type StateDefinition } from '../src/store/states.ts';
import { receiverCases, senderCases } from '../src/torture/catalogue.ts';

const ROOT = new URL('../', import.meta.url);

const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

/** Every document with generated parts, by path, as it should be. */
export async function documents(): Promise<Record<string, string>> {
  const operations = read('docs/operations.md');
  const withStates = fill(operations, {
    'message states': statesTable(messageStates),
    'delivery states': statesTable(deliveryStates),
    metrics: await metricsTable(),
  });
  return {
    'docs/character-sets.md': fill(read('docs/character-sets.md'), { sets: charsetTable() }),
    'docs/errors.md': fill(read('docs/errors.md'), { errors: errorList() }),
    'docs/events.md': fill(read('docs/events.md'), { example: fenced('json', await eventExample()) }),
    'docs/operations.md': withStates,
    'docs/torture.md': fill(read('docs/torture.md'), { cases: caseTables() }),
    'docs/validation.md': fill(read('docs/validation.md'), { rules: rulesTable() }),
  };
}

/** Puts each part between its marks, `<!-- begin NAME -->` and `<!-- end NAME -->`. */
function fill(text: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((filled, [name, part]) => {
    const [begin, end] = [`<!-- begin ${name} -->\n`, `<!-- end ${name} -->`];
    const [before, rest, ...more] = filled.split(begin);
    const after = rest?.split(end)[1];
    if (after === undefined || more.length > 0) throw new Error(`expected one part "${name}" between marks`);
    return `${before}${begin}\n${part}\n${end}${after}`;
  }, text);
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\`\n`;
}

/** Every error under a heading of its own, so that it can be linked to; grouped as in `src/errors.ts`. */
function errorList(): string {
  const lines = read('src/errors.ts').split('\n');
  return lines
    .flatMap((line) => {
      const group = /^ {2}\/\/ --- (.+)/.exec(line)?.[1];
      if (group !== undefined) return [`## ${group[0]!.toUpperCase()}${group.slice(1)}\n`];
      const code = /^ {2}'?([a-z0-9-]+)'?: \{/.exec(line)?.[1];
      return code !== undefined && code in errors ? [errorEntry(code as ErrorCode)] : [];
    })
    .join('\n');
}

function errorEntry(code: ErrorCode): string {
  const error = errorDefinition(code);
  const answer = error.ack === undefined ? '' : `, answered ${error.ack} with ERR-3 ${error.condition}`;
  return `### ${code}\n\n${error.class}${answer}\n\n- says: ${error.says}\n- do: ${error.advice}\n`;
}

/** A table for each group of the torture kit. */
function caseTables(): string {
  const cases = [...receiverCases, ...senderCases];
  const groups = [...new Set(cases.map(({ group }) => group))];
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const tables = groups.map((group) => {
    const rows = cases
      .filter((one) => one.group === group)
      .map(({ id, level, title, why }) => [`\`${id}\``, level, cell(title), cell(why)]);
    return `### ${group}\n\n${table(['case', 'level', 'what is looked at', 'why'], rows)}`;
  });
  return tables.join('\n');
}

function statesTable(states: Readonly<Record<string, StateDefinition<string>>>): string {
  const rows = Object.entries(states).map(([state, { means, next, person }]) => [
    ...[`\`${state}\``, means, next.join(', ') || '(none)', person],
  ]);
  return table(['state', 'what it means', 'can become', 'what a person does'], rows);
}

function charsetTable(): string {
  const rows = [...charsetAliases()].map(([name, also]) => [`\`${name}\``, also.join(', ')]);
  return table(['MSH-18', 'read as the same'], rows);
}

function rulesTable(): string {
  const rows = Object.entries(rules).map(([rule, { severity, condition, means }]) => [
    ...[`\`${rule}\``, severity, condition, means],
  ]);
  return table(['rule', 'severity', 'ERR-3', 'what breaks it'], rows);
}

/** Every metric of Pipehat's own, with its labels: each is used once, and the text is read back. */
async function metricsTable(): Promise<string> {
  const metrics = createMetrics(async () => [{ kind: 'channel', name: '', depth: 0, oldest_ms: 0 }]);
  metrics.received('');
  metrics.acknowledged('', 0);
  metrics.rejected('', 'internal');
  metrics.duplicate('');
  metrics.found('', '', 1);
  metrics.processed('', 'processed');
  metrics.delivered('', '', 0);
  metrics.failed('', 'transient');
  metrics.connections('', 0);
  const text = await metrics.text();
  const rows = [...text.matchAll(/^# HELP (pipehat_\w+) (.*)\n# TYPE \w+ (\w+)/gm)].map(
    ([, name, help, type]) => {
      const labels = new RegExp(`^${name}(?:_bucket)?\\{(.*)\\}`, 'm').exec(text)?.[1] ?? '';
      const names = [...labels.matchAll(/(\w+)=/g)]
        .map((match) => match[1]!)
        .filter((label) => label !== 'le');
      return [`\`${name}\``, type!, names.join(', '), help!];
    },
  );
  return table(['metric', 'type', 'labels', 'what it counts'], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${lines.join('\n')}\n`;
}

/** A sample of the demo as an event. What differs from start to start is made up. */
async function eventExample(): Promise<string> {
  const { channels, site } = await loadConfiguration(new URL('.', ROOT).pathname, {
    registry,
    definitions: readDefinitions(),
  });
  const channel = channels.find(({ name }) => name === 'hospital')!;
  const bytes = readFileSync(new URL('samples/adt-a01-minimal.hl7', ROOT));
  const result = runChannel(channel, readReceived(channel.accept, bytes).message, {
    message_id: '5b0c39f2-7d3e-8a41-9c55-1f0e6a7b8c9d',
    received_at: '2026-03-16T08:35:01.120Z',
    payload_hash: sha256(bytes),
    tenant: site.tenant,
    time_zone: site.time_zone,
    config: sha256('pipehat.yaml, channels, systems, mappings'),
    order_key: sha256('keyed hash').slice(0, 32),
  });
  if (result.state !== 'processed') throw new Error('expected an event');
  return JSON.stringify(result.event satisfies CanonicalEvent | undefined, null, 2);
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
