/** Runs the tests that stand in channel files. Destinations are named, never called. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Channel, ChannelContext } from '../pipeline/channel.ts';
import type { ChannelTest } from './channel.ts';
import type { Configuration } from './configuration.ts';
import { differences } from './difference.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

/** What came of one test. */
export interface TestResult {
  readonly channel: string;
  /** The file with the message. */
  readonly in: string;
  /** What is not as expected, one line each; none when the test passed. */
  readonly differences: readonly string[];
  /** Expected files that were written anew. */
  readonly updated: readonly string[];
}

/** How many differences of one output are told: the first ones explain the rest. */
const MOST_DIFFERENCES = 8;

/**
 * Runs all tests of the configuration in `folder`. With `update`, expected files that differ or are missing are
 * written anew; what a test says in the channel file itself is never changed.
 */
export async function runTests(
  configuration: Configuration,
  folder: string,
  options: { readonly update: boolean },
): Promise<TestResult[]> {
  const channels = new Map(configuration.channels.map((channel) => [channel.name, channel]));
  const results: TestResult[] = [];
  for (const test of configuration.tests) {
    const bytes = await readFile(join(folder, test.in));
    const outcome = outcomeOf(channels.get(test.channel) as Channel, bytes, contextOf(configuration));
    results.push(await judge(test, outcome, folder, options.update));
  }
  return results;
}

/** The same for every run, so that outputs are the same too. */
function contextOf({ site, hash }: Configuration): ChannelContext {
  return {
    message_id: '00000000-0000-8000-8000-000000000000',
    received_at: '2026-01-01T00:00:00Z',
    payload_hash: '0'.repeat(64),
    tenant: site.tenant,
    time_zone: site.time_zone,
    config: hash,
    order_key: undefined,
  };
}

async function judge(
  test: ChannelTest,
  outcome: Outcome,
  folder: string,
  update: boolean,
): Promise<TestResult> {
  const result = (found: readonly string[], updated: readonly string[] = []) => ({
    channel: test.channel,
    in: test.in,
    differences: found,
    updated,
  });
  const { expect } = test;
  if (expect.kind === 'outputs' && outcome.kind === 'outputs') {
    const judged = Object.entries(expect.outputs).map(([system, file]) =>
      judgeOutput(system, file, outcome.outputs[system], folder, update),
    );
    const all = await Promise.all(judged);
    return result(
      all.flatMap((output) => output.differences),
      all.flatMap((output) => output.updated),
    );
  }
  if (expect.kind === 'error' && outcome.kind === 'error') {
    const { code, at } = outcome.error;
    if (code === expect.code && (expect.at === undefined || expect.at === at)) return result([]);
  } else if (expect.kind === outcome.kind) return result([]);
  return result([`expected ${expectationText(test)}, found ${outcomeText(outcome)}`]);
}

async function judgeOutput(
  system: string,
  file: string | false,
  found: string | undefined,
  folder: string,
  update: boolean,
): Promise<Pick<TestResult, 'differences' | 'updated'>> {
  const passed = { differences: [], updated: [] };
  const failed = (says: string) => ({ differences: [`${system}: ${says}`], updated: [] });
  if (file === false) return found === undefined ? passed : failed('expected nothing, found an output');
  if (found === undefined) return failed('expected an output, found nothing');
  const path = join(folder, file);
  const expected = existsSync(path) ? await readFile(path, 'utf8') : undefined;
  const lines = expected === undefined ? [] : differences(expected, found);
  if (expected !== undefined && lines.length === 0) return passed;
  if (update) {
    await writeFile(path, found);
    return { differences: [], updated: [file] };
  }
  if (expected === undefined) return failed(`there is no file "${file}" (--update writes it)`);
  const more = lines.length - MOST_DIFFERENCES;
  const told = lines.slice(0, MOST_DIFFERENCES).map((line) => `${system}: ${line}`);
  return { differences: more > 0 ? [...told, `${system}: … and ${more} more`] : told, updated: [] };
}

function expectationText({ expect }: ChannelTest): string {
  if (expect.kind === 'filtered') return 'that a filter drops it';
  if (expect.kind === 'outputs') return `outputs for ${Object.keys(expect.outputs).join(', ')}`;
  return `the error ${expect.code}${expect.at === undefined ? '' : ` at ${expect.at}`}`;
}

function outcomeText(outcome: Outcome): string {
  if (outcome.kind === 'filtered') return `that ${outcome.by} drops it`;
  if (outcome.kind === 'outputs') return `outputs for ${Object.keys(outcome.outputs).join(', ') || 'nobody'}`;
  const { code, at, message } = outcome.error;
  return `the error ${code}${at === undefined ? '' : ` at ${at}`} (${message})`;
}
