import { expect } from 'chai';
import fc from 'fast-check';
import { compileExpression } from '../../src/expression/expression.ts';
import { readMessage } from '../../src/hl7/message.ts';

const message = readMessage(
  [
    'MSH|^~\\&|HIS|RGH|LAB|RGH|20260101||ADT^A01|1|P|2.5.1',
    'PID|1||77^^^RGH^MR~88^^^STATE^DL||Doe^Jo\\T\\Ann',
    'PV1|1|I',
    'OBX|1|NM|GLU||5.5',
    'OBX|2|NM|NA||140',
  ].join('\r'),
);

function evaluate(source: string): unknown {
  const { expression, problem } = compileExpression(source);
  if (problem) throw new Error(problem.says);
  return expression.evaluate(message);
}

describe('expression', () => {
  it('reads paths as values of the message', () => {
    expect(evaluate('PV1-2 in ["I", "E"]')).to.equal(true);
    expect(evaluate('MSH-9.1 + "-" + MSH-9.2')).to.equal('ADT-A01');
    expect(evaluate('PID-3[2].4')).to.equal('STATE');
    expect(evaluate('OBX[2]-5')).to.equal('140');
    expect(evaluate('PID-5.2')).to.equal('Jo&Ann');
  });

  it('knows where a value is missing', () => {
    expect(evaluate('!PID-29')).to.equal(true);
    expect(evaluate('valued(PID-29)')).to.equal(false);
    expect(evaluate('valued(PV1-2) && !ZPD-1')).to.equal(true);
    expect(evaluate('PID-29 == ""')).to.equal(true);
  });

  it('gives a list for [*]', () => {
    expect(evaluate('OBX[*]-3.exists(code, code == "NA")')).to.equal(true);
    expect(evaluate('PID-3[*].5')).to.deep.equal(['MR', 'DL']);
    expect(evaluate('size(OBX[*]-5) == 2')).to.equal(true);
  });

  it('reads paths through groups, and keeps apart what differs by punctuation alone', () => {
    const oru = readMessage(
      'MSH|^~\\&|L||||||ORU^R01|1|P|2.5.1\rPID|1\rOBR|1\rOBX|1||a||7\rOBR|2\rOBX|1||b||8\rOBX|2||c||""',
    );
    const of = (source: string) => {
      const { expression, problem } = compileExpression(source);
      return problem?.says ?? expression!.evaluate(oru);
    };
    expect(of('ORDER_OBSERVATION[2].OBX-5 + PATIENT_RESULT.ORDER_OBSERVATION.OBX-5')).to.equal('87');
    expect(of('ORDER_OBSERVATION[*].OBX-5')).to.deep.equal(['7', '8']);
    expect(of('ORDER_OBSERVATION[*].OBX[*]-3.exists(code, code == "c")')).to.equal(true);
    // The one path has no group PATIENT_RESULT_ORDER: were they one variable, both would have the same value.
    expect(of('OBX-5 + (valued(A_B.OBX-5) ? "x" : "") + (valued(A.B.OBX-5) ? "y" : "")')).to.equal('7');
    expect(compileExpression('A_B.OBX-5 == A.B.OBX-5').expression?.paths).to.have.length(2);
    expect(of('isNull(ORDER_OBSERVATION[2].OBX[2]-5) && !isNull(OBX-5) && !isNull(OBX-9)')).to.equal(true);
  });

  it('leaves paths inside string literals alone', () => {
    expect(evaluate('"PID-3"')).to.equal('PID-3');
    expect(evaluate(`'it is PV1-2' + ": " + PV1-2`)).to.equal('it is PV1-2: I');
    expect(evaluate('"\\"PV1-2" == r"""x"""')).to.equal(false);
  });

  it('reads named values from its scope', () => {
    const { expression } = compileExpression('it == PV1-2', ['it']);
    expect(expression?.evaluate(message, { it: 'I' })).to.equal(true);
    expect(expression?.evaluate(message, { it: 'O' })).to.equal(false);
  });

  it('tells its type and its paths', () => {
    const { expression } = compileExpression('PV1-2 == "I" && size(PID-3[*]) > 1');
    expect(expression?.type).to.equal('bool');
    expect(expression?.paths.map((path) => path.text)).to.deep.equal(['PV1-2', 'PID-3[*]']);
    expect(compileExpression('size(PID-3)').expression?.type).to.equal('int');
    expect(compileExpression('PID-3[*]').expression?.type).to.equal('list');
  });

  const wrong: [string, string, number][] = [
    ['PV1-2 = "I"', 'Unexpected character: = (to compare, write ==)', 6],
    ['PV1-2 == 5', 'no such overload: string == int', 0],
    ['PV1-2 == "I" && PID-3[2].4 > 3', 'no such overload: string > int', 16],
    ['true && foo == "x"', 'Unknown variable: foo', 8],
    ['PV1-2.foo()', "found no matching overload for 'string.foo()'", 0],
    ['PV1-2 == "I', 'Unterminated string', 9],
    ['', 'Unexpected token: EOF', 0],
  ];
  for (const [source, says, offset] of wrong) {
    it(`refuses ${source || 'nothing at all'}, and says where`, () => {
      expect(compileExpression(source).problem).to.deep.equal({ says, offset });
    });
  }

  it('compiles any text, or says what is wrong within it', () => {
    const piece = fc.constantFrom(
      'PID-3',
      'OBX[*]-5',
      ' == ',
      '"I"',
      '(',
      ')',
      ' && ',
      '!',
      "'",
      '[',
      ']',
      '.',
      'x',
      '1',
      ', ',
    );
    const source = fc.oneof(
      fc.string(),
      fc.array(piece).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(source, (text) => {
        const { problem } = compileExpression(text);
        if (problem) expect(problem.offset).to.be.within(0, text.length);
      }),
      { numRuns: 500 },
    );
  });
});
