import { expect } from 'chai';
import fc from 'fast-check';
import Type from 'typebox';
import { formatProblem } from '../src/problem.ts';
import { checkShape, readYaml, withDefaults } from '../src/yaml.ts';

const strict = { additionalProperties: false };
const schema = Type.Object(
  {
    name: Type.String(),
    port: Type.Integer({ default: 80, maximum: 65535 }),
    form: Type.Optional(Type.Enum(['json', 'text'])),
    source: Type.Optional(
      Type.Object(
        { mllp: Type.Optional(Type.Object({ timeout_ms: Type.Integer({ default: 5 }) }, strict)) },
        strict,
      ),
    ),
    values: Type.Optional(
      Type.Array(Type.Union([Type.String(), Type.Object({ cel: Type.String() }, strict)])),
    ),
    step: Type.Optional(
      Type.Object(
        { filter: Type.Optional(Type.String()), set: Type.Optional(Type.String()) },
        { ...strict, minProperties: 1, maxProperties: 1 },
      ),
    ),
  },
  strict,
);

function problems(text: string): string[] {
  const yaml = readYaml('x.yaml', text);
  return [...yaml.problems, ...(yaml.problems.length === 0 ? checkShape(schema, yaml) : [])].map(
    formatProblem,
  );
}

describe('readYaml', () => {
  it('gives the value and no problem', () => {
    const yaml = readYaml('x.yaml', 'name: a\nport: 1\n');
    expect(yaml.value).to.deep.equal({ name: 'a', port: 1 });
    expect(yaml.problems).to.deep.equal([]);
  });

  it('says where the text is not YAML', () => {
    expect(problems('name: a\nport: [1\n')[0]).to.match(/^x\.yaml:3:1 yaml Flow sequence/);
    expect(problems('name: a\nname: b\n')).to.deep.equal(['x.yaml:2:1 yaml Map keys must be unique']);
  });

  it('explains a condition that YAML takes for a tag', () => {
    const [first] = problems('name: !PID-29\n');
    expect(first).to.equal(
      'x.yaml:1:7 yaml Unresolved tag: !PID-29 (put text that begins with "!" in quotes)',
    );
  });

  it('refuses aliases that lead nowhere or multiply, and endless nesting', () => {
    expect(problems('name: *gone\n')[0]).to.match(/^x\.yaml:1:1 yaml can't be read: Unresolved alias/);
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
    for (const [i, key] of [...'bcdefgh'].entries()) {
      bomb.push(`${key}: &${key} [${Array(10).fill(`*${'abcdefgh'[i]}`).join(',')}]`);
    }
    expect(problems(bomb.join('\n'))[0]).to.match(/yaml can't be read/);
    expect(problems('['.repeat(100_000))[0]).to.match(/ yaml /);
  });

  it('turns places into line and column', () => {
    const yaml = readYaml('x.yaml', 'route:\n  - to: ehr\n    when: "PV1-2 == \'I\'"\n');
    const at = (...args: Parameters<typeof yaml.problem>) => {
      const { line, column } = yaml.problem(...args);
      return `${line}:${column}`;
    };
    expect(at(['route', 0, 'to'], '', '')).to.equal('2:9');
    expect(at(['route', 0, 'to'], '', '', { key: true })).to.equal('2:5');
    expect(at(['route', 0, 'when'], '', '', { offset: 6 }), 'inside the quotes').to.equal('3:18');
    expect(at(['route', 0, 'missing'], '', ''), 'what should hold it').to.equal('2:5');
    expect(at(['route', 7, 'to'], '', '')).to.equal('2:3');
    expect(at([], '', '')).to.equal('1:1');
  });

  it('never throws, whatever the text and the place', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'abc: -[]{}&*!|>"\'\n\t#,?%@`<~01') }),
      fc
        .array(
          fc.constantFrom('name: a\n', '- ', 'port: ', '  ', '&a ', '*a ', '<<: *a\n', '__proto__: {a: 1}\n'),
        )
        .map((parts) => parts.join('')),
    );
    const place = fc.array(fc.oneof(fc.constantFrom('name', 'port', 'values', '__proto__'), fc.nat(3)), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(text, place, fc.boolean(), fc.nat(9), (input, where, key, offset) => {
        const yaml = readYaml('x.yaml', input);
        const found = [
          ...yaml.problems,
          ...checkShape(schema, yaml, where),
          yaml.problem(where, 'r', 's', { key, offset }),
        ];
        for (const { line, column } of found) {
          expect(line).to.be.at.least(1);
          expect(column).to.be.at.least(1);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('checkShape', () => {
  it('takes what is right, with keys left out that have a default', () => {
    expect(problems('name: a\n')).to.deep.equal([]);
    expect(problems('name: a\nsource: { mllp: {} }\nvalues: [x, { cel: y }]\n')).to.deep.equal([]);
  });

  it('suggests the key that was meant', () => {
    expect(problems('name: a\nsource:\n  mllp: { timout_ms: 3 }\n')).to.deep.equal([
      'x.yaml:3:11 unknown-key "timout_ms" is not a key here (did you mean timeout_ms?); known: timeout_ms',
    ]);
  });

  it('names missing keys, wrong values and what was found', () => {
    expect(problems('port: 70000\nform: xml\n')).to.deep.equal([
      'x.yaml:1:1 missing-key expected a key "name"',
      'x.yaml:1:7 wrong-value "port" must be <= 65535, found 70000',
      'x.yaml:2:7 wrong-value "form" must be one of "json", "text", found "xml"',
    ]);
    expect(problems('')).to.deep.equal(['x.yaml:1:1 wrong-value the file must be object, found nothing']);
  });

  it('reports all problems, however many', () => {
    const keys = Array.from({ length: 30 }, (_, i) => `wrong${i}: 1`).join('\n');
    expect(problems(`name: a\n${keys}\nvalues: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n`)).to.have.length(40);
  });

  it('lets the alternative of the same kind speak, each value for itself', () => {
    expect(problems('name: a\nvalues: [x, { cell: y }, 5]\n')).to.deep.equal([
      'x.yaml:2:13 missing-key expected a key "cel" in "values.1"',
      'x.yaml:2:15 unknown-key "cell" is not a key here (did you mean cel?); known: cel',
      'x.yaml:2:26 wrong-value "values[2]" must be one of string, { cel }, found 5',
    ]);
  });

  it('says which keys exclude each other', () => {
    expect(problems('name: a\nstep: {}\n')).to.deep.equal([
      'x.yaml:2:1 missing-key expected one of the keys filter, set',
    ]);
    expect(problems('name: a\nstep: { filter: x, set: y }\n')).to.deep.equal([
      'x.yaml:2:7 wrong-value expected only one of the keys filter, set',
    ]);
  });

  it('checks a part of a file', () => {
    const yaml = readYaml('x.yaml', 'inner:\n  name: 5\n');
    expect(checkShape(schema, yaml, ['inner']).map(formatProblem)).to.deep.equal([
      'x.yaml:2:9 wrong-value "name" must be string, found 5',
    ]);
  });
});

describe('withDefaults', () => {
  it('fills in what is missing and leaves the value alone', () => {
    const value = { name: 'a', source: { mllp: {} } };
    expect(withDefaults(schema, value)).to.deep.equal({
      name: 'a',
      port: 80,
      source: { mllp: { timeout_ms: 5 } },
    });
    expect(value).to.deep.equal({ name: 'a', source: { mllp: {} } });
  });
});
