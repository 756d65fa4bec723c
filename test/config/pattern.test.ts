import { expect } from 'chai';
import { compilePattern } from '../../src/config/pattern.ts';

describe('patterns of a profile', () => {
  it('match the whole value', () => {
    const compiled = compilePattern('V[0-9]+|W(A|B)?');
    if ('problem' in compiled) throw new Error(compiled.problem);
    const { pattern } = compiled;
    expect(['V12', 'W', 'WA', 'V', 'xV12', 'V12\n', 'WAB'].map((value) => pattern.test(value))).to.deep.equal(
      [...[true, true, true, false, false, false, false]],
    );
    expect(pattern.source).to.equal('V[0-9]+|W(A|B)?');
  });

  for (const text of [
    '[A-Z]{2}-\\d{3,8}',
    '\\(\\d+\\)',
    '[(+*{)]+',
    'a{2,}b*',
    '\\d{1,2}\\.\\d{1,2}\\.\\d{4}',
    '(?:a|b)?c',
  ]) {
    it(`take ${text}`, () => expect(compilePattern(text)).to.have.property('pattern'));
  }

  const refused: readonly (readonly [text: string, problem: string])[] = [
    ['(a+)+', 'a group in a pattern may be followed by ? only'],
    ['(?:a|aa)*b', 'a group in a pattern may be followed by ? only'],
    ['(ab){2,3}', 'a group in a pattern may be followed by ? only'],
    ['a*a*a*b', 'expected at most 3 of'],
    ['a?a{1,2}a{1,2}a{1,2}a{1,2}', 'expected at most 3 of'],
    ['(a)\\1', 'no back references'],
    ['(?<x>a)\\k<x>', 'no back references'],
    ['(?=a)a', 'looks neither ahead nor behind'],
    ['(?<!a)b', 'looks neither ahead nor behind'],
    ['[a', 'is no regular expression'],
  ];
  for (const [text, problem] of refused) {
    it(`refuse ${text}`, () => {
      const compiled = compilePattern(text);
      expect('problem' in compiled && compiled.problem).to.include(problem);
    });
  }
});
