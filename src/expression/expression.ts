/**
 * CEL expressions over HL7 paths: `PV1-2 in ["I", "E"] && !PID-29`.
 *
 * CEL would read `PV1-2` as a subtraction, so each path outside a string literal becomes a variable of the same
 * length before CEL sees the text; error columns therefore stay true. A path is a string (`""` when the message has
 * no value there), or a list of strings when it says `[*]`. Beyond CEL: `!PID-29` is true where PID-29 has no value,
 * `valued(PID-29)` where it has one, `isNull(PID-29)` where it is `""`, which asks to delete the value.
 */
import { Environment, type TypeCheckResult } from '@marcbachmann/cel-js';
import { isNull } from '../hl7/parts.ts';
import { isMany, PATH_PATTERN, type Path, parsePath } from '../hl7/path.ts';

/** What an expression reads: a whole message, or one group or segment of it. */
export interface Values {
  /** The first value at the path, unescaped; `""` where there is none. */
  value(path: Path): string;
  /** Every value at the path. */
  values(path: Path): string[];
}

/** The types an expression can have here. */
export type ExpressionType = 'bool' | 'string' | 'int' | 'double' | 'list' | 'dyn';

/** A checked expression, ready to run. Running it has no effects and ends in time linear in its lists. */
export interface Expression {
  readonly source: string;
  readonly type: ExpressionType;
  readonly paths: readonly Path[];
  /** `scope` holds the named values declared when it was compiled. */
  evaluate(values: Values, scope?: Readonly<Record<string, string>>): unknown;
}

/** Why an expression can't be used. `offset` counts characters from its start. */
export interface ExpressionProblem {
  readonly says: string;
  readonly offset: number;
}

/**
 * Compiles and type-checks `source`. `names` are further string variables that `evaluate` gets as its scope. Without
 * `nulls` there is no `isNull`: for values that leave HL7's null out, it would never be true.
 */
export function compileExpression(
  source: string,
  names: readonly string[] = [],
  nulls = true,
): { expression: Expression; problem?: never } | { expression?: never; problem: ExpressionProblem } {
  const { text, variables } = withVariables(source);
  const environment = createEnvironment();
  if (nulls) environment.registerFunction('isNull(string): bool', isNull);
  for (const [name, path] of variables)
    environment.registerVariable(name, isMany(path) ? 'list<string>' : 'string');
  for (const name of names) environment.registerVariable(name, 'string');
  const checked = environment.check(text);
  if (!checked.valid) return { problem: problemOf(checked.error, variables) };
  const run = environment.parse(text);
  const paths = [...variables];
  return {
    expression: {
      source,
      type: plainType(checked.type ?? 'dyn'),
      paths: paths.map(([, path]) => path),
      evaluate(values, scope = {}) {
        const context: Record<string, unknown> = { ...scope };
        for (const [name, path] of paths)
          context[name] = isMany(path) ? values.values(path) : values.value(path);
        return run(context);
      },
    },
  };
}

function createEnvironment(): Environment {
  return new Environment()
    .registerOperator('!string: bool', (text: string) => text === '')
    .registerFunction('valued(string): bool', (text: string) => text !== '');
}

/** String literals of CEL (raw, triple-quoted, plain), or an HL7 path that isn't the tail of a longer name. */
const TOKENS = new RegExp(
  `r?"""[\\s\\S]*?"""|r?'''[\\s\\S]*?'''|r?"(?:\\\\.|[^"\\\\])*"|r?'(?:\\\\.|[^'\\\\])*'|(?<![\\w.])(${PATH_PATTERN})(?!\\w)`,
  'g',
);

/**
 * What stands for the punctuation of a path in a name of CEL: small letters, which no path has, so that no two paths
 * get the same name.
 */
const LETTERS: Readonly<Record<string, string>> = { '-': 'f', '.': 'd', '[': 'l', ']': 'r', '*': 'x' };

/** Replaces each path by a name of the same length: `PID-3[2].4` becomes `PIDf3l2rd4`. */
function withVariables(source: string): { text: string; variables: Map<string, Path> } {
  const variables = new Map<string, Path>();
  const text = source.replace(TOKENS, (token: string, path: string | undefined) => {
    if (path === undefined) return token;
    const name = path.replaceAll(/[^A-Z0-9_]/g, (mark) => LETTERS[mark]!);
    variables.set(name, parsePath(path));
    return name;
  });
  return { text, variables };
}

/** CEL's own words, with paths in place of variables. */
function problemOf(error: TypeCheckResult['error'], variables: ReadonlyMap<string, Path>): ExpressionProblem {
  let says = error?.summary ?? 'is not CEL';
  for (const [name, path] of variables) says = says.replaceAll(name, path.text);
  if (says === 'Unexpected character: =') says += ' (to compare, write ==)';
  return { says, offset: error?.range?.start ?? 0 };
}

function plainType(type: string): ExpressionType {
  if (type.startsWith('list')) return 'list';
  return type === 'bool' || type === 'string' || type === 'int' || type === 'double' ? type : 'dyn';
}
