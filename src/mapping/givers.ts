/** Where the values of a rule come from: a place in the message, a constant, text put together, CEL, another resource. */
import type { ElementDefinition } from '../fhir/definitions.ts';
import { didYouMean } from '../problem.ts';
import { checkShape, type Place } from '../yaml.ts';
import { type Context, type Giver, report } from './compiler.ts';
import { type Condition, compileCondition, compilePartExpression } from './condition.ts';
import { compileConstant } from './constant.ts';
import { compileConvert, compileTextConvert } from './convert.ts';
import type { Here } from './here.ts';
import {
  compileFrom,
  compileJoin,
  compileTemplate,
  compileWhere,
  type MakeText,
  type Pieces,
  unknownSegment,
} from './pieces.ts';
import { type Rule, ruleSchema } from './schema.ts';

/** A rule or a list of rules, each with its place. */
export function listed(place: Place, rule: unknown): [Place, unknown][] {
  return Array.isArray(rule)
    ? rule.map((one, index): [Place, unknown] => [[...place, index], one])
    : [[place, rule]];
}

/** Compiles a rule or a list of rules for one element. */
export function compileGivers(
  context: Context,
  place: Place,
  rule: unknown,
  element: ElementDefinition,
): Giver[] {
  return listed(place, rule).flatMap(([at, one]) => {
    const checked = checkRule(context, at, one);
    return checked === undefined ? [] : [compileGiver(context, at, checked, element)];
  });
}

/** Keys of which a rule has exactly one: they say where the value comes from. */
const ORIGINS = ['from', 'value', 'template', 'join', 'cel', 'ref', 'by'] as const;

/** The rule at a place when its shape is right; else undefined, and problems. */
export function checkRule(context: Context, place: Place, rule: unknown): Rule | undefined {
  const problems = checkShape(ruleSchema, context.yaml, place);
  context.compiler.problems.push(...problems);
  if (problems.length > 0) return undefined;
  const found = rule as Rule;
  const origins = ORIGINS.filter((key) => found[key] !== undefined);
  const fromPiece = context.piece && (found.as !== undefined || found.code !== undefined);
  if (origins.length > 1) {
    report(context, place, 'wrong-value', `a rule has one origin, this one has ${origins.join(' and ')}`, {
      key: true,
    });
    return undefined;
  }
  if (origins.length === 0 && found.rules === undefined && !fromPiece) {
    report(context, place, 'missing-key', `expected one of ${ORIGINS.join(', ')}, rules`, { key: true });
    return undefined;
  }
  return found;
}

/** Compiles one rule for one element. */
export function compileGiver(context: Context, place: Place, rule: Rule, element: ElementDefinition): Giver {
  const { each, ...inner } = rule;
  return each === undefined
    ? compileWhenHeld(context, place, rule, element)
    : compileEach(
        context,
        [...place, 'each'],
        each,
        compileWhenHeld({ ...context, segment: each }, place, inner, element),
      );
}

/** For each segment of that name here. Its condition is judged for each of them. */
function compileEach(context: Context, place: Place, name: string, giver: Giver): Giver {
  const says = unknownSegment(name);
  if (says !== undefined) report(context, place, 'unknown-path', says);
  return {
    one(here, raw) {
      for (const inside of here.each(name)) {
        const value = giver.one(inside, raw);
        if (value !== undefined) return value;
      }
      return undefined;
    },
    all(here, raw, values) {
      for (const inside of here.each(name)) giver.all(inside, raw, values);
    },
  };
}

function compileWhenHeld(context: Context, place: Place, rule: Rule, element: ElementDefinition): Giver {
  const condition = whenOf(context, place, rule);
  const giver = compileOrigin(context, place, rule, element);
  if (condition === undefined) return giver;
  return {
    one: (here, raw) => (condition(here, raw) ? giver.one(here, raw) : undefined),
    all: (here, raw, values) => {
      if (condition(here, raw)) giver.all(here, raw, values);
    },
  };
}

/** The rule's `when`. */
export function whenOf(context: Context, place: Place, rule: Rule): Condition | undefined {
  if (rule.when === undefined) return undefined;
  const { condition, problem } = compileCondition(rule.when, context.part);
  if (problem !== undefined)
    report(context, [...place, 'when'], 'bad-expression', problem.says, { offset: problem.offset });
  return condition;
}

function compileOrigin(context: Context, place: Place, rule: Rule, element: ElementDefinition): Giver {
  if (rule.value !== undefined) return single(compileConstant(context, place, rule, element));
  if (rule.ref !== undefined) return compileRef(context, place, rule.ref, element);
  if (rule.cel !== undefined) return single(compileCel(context, place, rule, element));
  if (rule.template !== undefined || rule.join !== undefined) {
    const make = compileMadeText(context, place, rule, element);
    const convert = compileTextConvert(context, place, rule, element, undefined);
    return single((here, raw) => {
      const text = make(here, raw);
      return text === '' ? undefined : convert(here, text);
    });
  }
  if (rule.by !== undefined) {
    report(context, place, 'wrong-value', '"by" chooses the type of a target such as value[x]', {
      key: true,
    });
    return single(() => undefined);
  }
  return compilePieces(context, place, rule, element);
}

function compileMadeText(context: Context, place: Place, rule: Rule, element: ElementDefinition): MakeText {
  if (rule.join !== undefined) return compileJoin(context, [...place, 'join'], rule.join, rule.with ?? ' ');
  const uri = ['uri', 'url', 'canonical'].includes(element.type);
  return compileTemplate(context, [...place, 'template'], rule.template!, uri);
}

/** `from`, or the piece at hand, or (with `rules` alone) nothing but what is around. */
function compilePieces(context: Context, place: Place, rule: Rule, element: ElementDefinition): Giver {
  let pieces: Pieces = {
    path: undefined,
    type: context.part.type,
    level: context.part.level,
    first: (_here, raw) => raw,
    every: (_here, raw) => [raw],
  };
  if (rule.from !== undefined) {
    const from = compileFrom(context, [...place, 'from'], rule.from);
    if (from === undefined) return single(() => undefined);
    pieces = rule.where === undefined ? from : compileWhere(context, [...place, 'where'], from, rule.where);
  }
  const inner: Context = {
    ...context,
    part: { type: pieces.type, level: pieces.level },
    piece: context.piece || rule.from !== undefined,
  };
  const convert = compileConvert(inner, place, rule, element, pieces.path);
  // Rules without `from` work on what is around, even where the piece at hand is empty.
  if (rule.from === undefined && rule.as === undefined && rule.code === undefined) return single(convert);
  const { path } = pieces;
  const first =
    rule.as === 'text' && path !== undefined && path.component === undefined && path.repetition === undefined
      ? (here: Here) => here.field(path)
      : pieces.first;
  return {
    one(here, raw) {
      const piece = first(here, raw);
      return piece === '' ? undefined : convert(here, piece);
    },
    all(here, raw, values) {
      for (const piece of pieces.every(here, raw)) {
        const value = piece === '' ? undefined : convert(here, piece);
        if (value !== undefined) values.push(value);
      }
    },
  };
}

/** A giver of at most one value. */
function single(one: (here: Here, raw: string) => unknown): Giver {
  return {
    one,
    all(here, raw, values) {
      const value = one(here, raw);
      if (value !== undefined) values.push(value);
    },
  };
}

function compileRef(context: Context, place: Place, type: string, element: ElementDefinition): Giver {
  const at = [...place, 'ref'];
  const { resources } = context.compiler.definitions;
  if (element.type !== 'Reference') {
    report(context, at, 'wrong-type', `${element.name} is a ${element.type}, not a Reference`);
  } else if (!resources.includes(type)) {
    report(context, at, 'unknown-resource', `FHIR has no resource ${type}${didYouMean(type, resources)}`);
  } else if (element.targets !== undefined && !element.targets.includes(type)) {
    const says = `${element.name} can't refer to a ${type}, only to ${element.targets.join(', ')}`;
    report(context, at, 'wrong-type', says);
  }
  return {
    one(here) {
      const [reference] = here.references(type);
      return reference === undefined ? undefined : { reference };
    },
    all(here, _raw, values) {
      for (const reference of here.references(type)) values.push({ reference });
    },
  };
}

function compileCel(
  context: Context,
  place: Place,
  rule: Rule,
  element: ElementDefinition,
): (here: Here, raw: string) => unknown {
  const { made, problem } = compilePartExpression(rule.cel!, context.part);
  if (problem !== undefined) {
    report(context, [...place, 'cel'], 'bad-expression', problem.says, { offset: problem.offset });
    return () => undefined;
  }
  const convert = compileTextConvert(context, place, rule, element, undefined);
  return (here, raw) => {
    const value = made.evaluate(here, raw);
    if (typeof value === 'boolean' && element.type === 'boolean') return value;
    const text = String(value ?? '');
    return text === '' ? undefined : convert(here, text);
  };
}
