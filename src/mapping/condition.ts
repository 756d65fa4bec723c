/**
 * Conditions of rules: CEL over HL7 paths, and inside data-type maps over parts such as `CX.5`. The usual short forms
 * run as plain comparisons, everything else through CEL; both mean the same.
 */
import { PipehatError } from '../errors.ts';
import { compileExpression, type Expression } from '../expression/expression.ts';
import { isMany, PATH_PATTERN, parsePath } from '../hl7/path.ts';
import type { Here, Level } from './here.ts';
import { levelOf } from './here.ts';

/** Holds or not, for one piece of raw text. */
export type Condition = (here: Here, raw: string) => boolean;

/** A part of the data type at hand, such as `CX.4.2`, and the piece it is cut from. */
export interface PartContext {
  /** The HL7 data type, where it is known. */
  readonly type: string | undefined;
  readonly level: Level;
}

/** An expression over paths and parts, ready to run. */
export interface PartExpression {
  readonly expression: Expression;
  evaluate(here: Here, raw: string): unknown;
}

/** Compiles CEL in which `TYPE.n` means a part of the piece at hand. `offset` in a problem counts from the start. */
export function compilePartExpression(
  source: string,
  context: PartContext,
): { made: PartExpression; problem?: never } | { made?: never; problem: { says: string; offset: number } } {
  const names = new Map<string, readonly number[]>();
  const text =
    context.type === undefined
      ? source
      : source.replace(
          new RegExp(`(?<![\\w."'])${context.type}((?:\\.\\d+){1,2})(?!\\w)`, 'g'),
          (token, parts: string) => {
            const name = token.replaceAll('.', '_');
            names.set(name, parts.slice(1).split('.').map(Number));
            return name;
          },
        );
  const { expression, problem } = compileExpression(text, [...names.keys()], false);
  if (problem !== undefined) {
    let { says } = problem;
    for (const name of names.keys()) says = says.replaceAll(name, name.replaceAll('_', '.'));
    return { problem: { says, offset: problem.offset } };
  }
  const parts = [...names];
  return {
    made: {
      expression,
      evaluate(here, raw) {
        const scope: Record<string, string> = {};
        for (const [name, numbers] of parts) scope[name] = readPart(here, raw, context.level, numbers);
        try {
          return expression.evaluate(here, scope);
        } catch {
          // CEL's own message may quote the message's values, so it is not passed on.
          throw new PipehatError('mapping-expression-failed', { expression: source });
        }
      },
    },
  };
}

/** Text of part `n` or `n.m` of a piece. */
export function readPart(here: Here, raw: string, level: Level, numbers: readonly number[]): string {
  let piece = raw;
  let at: Level = level;
  for (const n of numbers) {
    piece = here.part(piece, at, n);
    at = Math.min(at + 1, 2) as Level;
  }
  return here.leaf(piece, at);
}

/** Compiles a condition: a bool, or text that is true where there is any. */
export function compileCondition(
  source: string,
  context: PartContext,
):
  | { condition: Condition; problem?: never }
  | { condition?: never; problem: { says: string; offset: number } } {
  const { made, problem } = compilePartExpression(source, context);
  if (problem !== undefined) return { problem };
  const { type } = made.expression;
  if (type !== 'bool' && type !== 'string') {
    return { problem: { says: `expected a condition, found ${type}`, offset: 0 } };
  }
  const plain = plainCondition(source, context);
  if (plain !== undefined) return { condition: plain };
  return {
    condition: (here, raw) => {
      const found = made.evaluate(here, raw);
      return found === true || (typeof found === 'string' && found !== '');
    },
  };
}

/** `A && B || C && D` of plain tests; undefined for anything else. */
function plainCondition(source: string, context: PartContext): Condition | undefined {
  const some = source.split('||').map((one) => plainConjunction(one, context));
  if (some.some((one) => one === undefined)) return undefined;
  const any = some as Condition[];
  if (any.length === 1) return any[0];
  return (here, raw) => {
    for (const one of any) if (one(here, raw)) return true;
    return false;
  };
}

function plainConjunction(source: string, context: PartContext): Condition | undefined {
  const tests = source.split('&&').map((one) => plainTest(one.trim(), context));
  if (tests.some((test) => test === undefined)) return undefined;
  const all = tests as Condition[];
  if (all.length === 1) return all[0];
  return (here, raw) => {
    for (const test of all) if (!test(here, raw)) return false;
    return true;
  };
}

const MATCHES = /^([A-Z][A-Z0-9.]*)\.matches\("([^"\\]*)"\)$/;
const TEST = /^(!?)([A-Z][\w.[\]-]*|valued\([^()]*\))(?:\s*(==|!=|in)\s*(.+))?$/;
const TEXT = /^"[^"\\]*"$/;
const LIST = /^\[\s*("[^"\\]*"(\s*,\s*"[^"\\]*")*)\s*\]$/;

function plainTest(source: string, context: PartContext): Condition | undefined {
  const matches = MATCHES.exec(source);
  if (matches !== null) return plainMatch(matches[1]!, matches[2]!, context);
  const [, not, operand = '', operator, literal = ''] = TEST.exec(source) ?? [];
  const read = plainRead(operand.replace(/^valued\((.*)\)$/, '$1'), context);
  if (read === undefined || (operator !== undefined && (not === '!' || operand.startsWith('valued'))))
    return undefined;
  if (operator === undefined) {
    return not === '!' ? (here, raw) => read(here, raw) === '' : (here, raw) => read(here, raw) !== '';
  }
  if (operator === 'in') {
    const inner = LIST.exec(literal)?.[1];
    if (inner === undefined) return undefined;
    const values = new Set(JSON.parse(`[${inner}]`) as string[]);
    return (here, raw) => values.has(read(here, raw));
  }
  if (!TEXT.test(literal)) return undefined;
  const value = JSON.parse(literal) as string;
  return operator === '=='
    ? (here, raw) => read(here, raw) === value
    : (here, raw) => read(here, raw) !== value;
}

/** As CEL does it, but CEL's library compiles the pattern anew for each value. */
function plainMatch(operand: string, pattern: string, context: PartContext): Condition | undefined {
  const read = plainRead(operand, context);
  if (read === undefined) return undefined;
  let expression: RegExp;
  try {
    expression = new RegExp(pattern);
  } catch {
    return undefined; // CEL refuses it when it runs.
  }
  return (here, raw) => expression.test(read(here, raw));
}

const WHOLE_PATH = new RegExp(`^${PATH_PATTERN}$`);

function plainRead(operand: string, context: PartContext): ((here: Here, raw: string) => string) | undefined {
  if (context.type !== undefined && operand.startsWith(`${context.type}.`)) {
    const numbers = operand
      .slice(context.type.length + 1)
      .split('.')
      .map(Number);
    return (here, raw) => readPart(here, raw, context.level, numbers);
  }
  if (!WHOLE_PATH.test(operand)) return undefined;
  const path = parsePath(operand);
  if (isMany(path)) return undefined;
  const level = levelOf(path);
  return (here) => here.leaf(here.raw(path), level);
}
