/**
 * One case, one file: an HL7 message, a line `----------`, and what the shipped mapping makes of it, or the error.
 * `UPDATE=1 mocha test/golden` writes the second half anew: read the difference before you commit it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { PipehatError } from '../../src/errors.ts';
import { readMessage } from '../../src/hl7/message.ts';
import { shippedMapping } from '../mapping/shipped.ts';

const folder = new URL('./', import.meta.url);
const DIVIDER = '\n----------\n';

describe('what the shipped mapping makes of a message', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.hl7test'))) {
    it(file.replace('.hl7test', '').replaceAll('-', ' '), () => {
      const path = new URL(file, folder);
      const [input = '', expected] = readFileSync(path, 'utf8').split(DIVIDER);
      const made = outcome(input);
      if (process.env['UPDATE'] === '1') writeFileSync(path, `${input.trimEnd()}${DIVIDER}${made}`);
      else expect(made).to.equal(expected);
    });
  }
});

function outcome(input: string): string {
  try {
    const { type, action, occurred_at, entries, warnings } = shippedMapping().run(
      readMessage(input.replaceAll('\n', '\r')),
      { tenant: 'test', time_zone: 'America/Chicago' },
    );
    const resources = entries.map(({ resource }) => resource);
    const context = entries
      .filter((entry) => entry.context)
      .map(({ resource }) => `${resource.resourceType}/${resource.id}`);
    return `${JSON.stringify({ type, action, occurred_at, warnings, context, resources }, null, 2)}\n`;
  } catch (error) {
    if (!(error instanceof PipehatError)) throw error;
    return `${error.code} at ${error.at}: ${error.message}\n`;
  }
}
