import { expect } from 'chai';
import { didYouMean, formatProblem, hasErrors, nearest, type Problem, sortProblems } from '../src/problem.ts';

const problem = (file: string, line: number, column: number, level?: 'warning'): Problem => ({
  file,
  line,
  column,
  rule: 'unknown-key',
  says: 'no',
  ...(level && { level }),
});

describe('problem', () => {
  it('finds the word that was probably meant', () => {
    expect(nearest('timout_ms', ['port', 'timeout_ms', 'host'])).to.equal('timeout_ms');
    expect(nearest('prot', ['port', 'host'])).to.equal('port');
    expect(nearest('patient', ['Patient', 'Person'])).to.equal('Patient');
  });

  it('suggests nothing when nothing is near', () => {
    expect(nearest('colour', ['port', 'host'])).to.equal(undefined);
    expect(didYouMean('colour', ['port', 'host'])).to.equal('');
  });

  it('prints place, level, rule and text', () => {
    expect(formatProblem(problem('channels/adt.yaml', 14, 7))).to.equal(
      'channels/adt.yaml:14:7 unknown-key no',
    );
    expect(formatProblem(problem('a.yaml', 1, 2, 'warning'))).to.equal('a.yaml:1:2 warning: unknown-key no');
  });

  it('sorts by file, line and column, as numbers', () => {
    const sorted = sortProblems([
      problem('b', 1, 1),
      problem('a', 10, 1),
      problem('a', 9, 20),
      problem('a', 9, 3),
    ]);
    expect(sorted.map(({ file, line, column }) => [file, line, column])).to.deep.equal([
      ['a', 9, 3],
      ['a', 9, 20],
      ['a', 10, 1],
      ['b', 1, 1],
    ]);
  });

  it('does not count warnings as errors', () => {
    expect(hasErrors([problem('a', 1, 1, 'warning')])).to.equal(false);
    expect(hasErrors([problem('a', 1, 1, 'warning'), problem('a', 1, 1)])).to.equal(true);
  });
});
