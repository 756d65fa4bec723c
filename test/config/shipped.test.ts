import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type Loaded, loadFolder } from '../../src/config/load.ts';
import { runTests } from '../../src/config/tests.ts';
import { readDefinitions } from '../../src/fhir/definitions.ts';
import { formatProblem } from '../../src/problem.ts';
import { registry } from '../../src/registry.ts';

/** The site that comes with Pipehat: what a newcomer starts. `UPDATE=1` writes its expected files. */
const FOLDER = fileURLToPath(new URL('../../', import.meta.url));

describe('the shipped site', () => {
  let loaded: Loaded;

  before(async () => {
    loaded = await loadFolder(FOLDER, { registry, definitions: readDefinitions() });
  });

  it('has no problem, not even a warning', () => {
    expect(loaded.problems.map(formatProblem)).to.deep.equal([]);
  });

  it('passes the tests in its channel files', async () => {
    const results = await runTests(loaded.configuration!, FOLDER, { update: process.env['UPDATE'] === '1' });
    expect(
      results.flatMap((result) => result.differences.map((line) => `${result.in} ${line}`)),
    ).to.deep.equal([]);
    expect(results.length).to.be.at.least(5);
  });
});
