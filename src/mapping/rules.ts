/**
 * Rules, compiled to functions that fill an object. A list of rules is tried in order: a target that holds one value
 * takes the first that any of them gives; a target that holds many takes all.
 */
import type { ElementDefinition, TypeDefinition } from '../fhir/definitions.ts';
import { didYouMean } from '../problem.ts';
import { checkShape, type Place } from '../yaml.ts';
import { type Context, type Convert, type Fill, type Giver, type ObjectRules, report } from './compiler.ts';
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
} from './pieces.ts';
import { type Rule, ruleSchema } from './schema.ts';

/** An object being filled. */
type Filled = Record<string, unknown>;

/** Sets one element of an object. False where it had nothing to set. */
type Set = (here: Here, raw: string, filled: Filled) => boolean;

/** Compiles `rules:` for a type with elements. `given` are elements that come from elsewhere. */
export function compileRules(
  context: Context,
  place: Place,
  rules: Record<string, unknown>,
  type: TypeDefinition,
  given: readonly string[] = [],
): Fill {
  const sets = Object.entries(rules).map(([name, rule]) =>
    compileElement(context, [...place, name], name.split('.'), rule, type),
  );
  const covered = new Set([...given, ...Object.keys(rules).map((name) => name.split('.')[0])]);
  const required = type.required.filter(
    (name) => !['url', 'div'].includes(name) || type.name === 'Extension',
  );
  const checks = required.map((name) => ({
    name,
    elements: (type.choices.get(name) ?? [type.elements.get(name)!]).map((element) => element.name),
  }));
  for (const { name, elements } of checks) {
    if (covered.has(name) || elements.some((element) => covered.has(element))) continue;
    report(context, place, 'missing-element', `FHIR requires ${type.name}.${name}, and no rule sets it`, {
      key: true,
    });
  }
  return {
    fill(here, raw, filled) {
      for (const set of sets) set(here, raw, filled);
    },
    missing(filled) {
      for (const { name, elements } of checks) {
        if (!elements.some((element) => filled[element] !== undefined)) return name;
      }
      return undefined;
    },
  };
}

/** Compiles an object of a type. What `base` gives comes first; rules fill what it left empty. */
export function compileObject(
  context: Context,
  place: Place,
  { rules, needs = [] }: ObjectRules,
  type: TypeDefinition,
  base?: Convert,
): Convert {
  const given = base === undefined ? [] : type.required;
  const { fill, missing } = compileRules(context, [...place, 'rules'], rules, type, given);
  for (const [index, name] of needs.entries()) {
    if (type.elements.has(name)) continue;
    const says = `FHIR has no ${type.name}.${name}${didYouMean(name, type.elements.keys())}`;
    report(context, [...place, 'needs', index], 'unknown-element', says);
  }
  return (here, raw) => {
    const filled: Filled = {};
    if (base !== undefined) {
      const value = base(here, raw);
      if (value === undefined) return undefined;
      Object.assign(filled, value);
    }
    fill(here, raw, filled);
    if (needs.some((name) => filled[name] === undefined) || missing(filled) !== undefined) return undefined;
    for (const _ in filled) return filled;
    return undefined;
  };
}

const NOTHING: Set = () => false;

/** One target: `birthDate`, `period.start`, `value[x]`. */
function compileElement(
  context: Context,
  place: Place,
  [name = '', ...inner]: readonly string[],
  rule: unknown,
  type: TypeDefinition,
): Set {
  const choices = type.choices.get(name);
  if (choices !== undefined) {
    return firstOf(listed(place, rule).map(([at, one]) => compileChoice(context, at, one, choices)));
  }
  const element = type.elements.get(name);
  if (element === undefined) {
    const known = [...type.elements.keys(), ...type.choices.keys()];
    const says = `FHIR has no ${type.name}.${name}${didYouMean(name, known)}`;
    report(context, place, 'unknown-element', says, { key: true });
    return NOTHING;
  }
  if (inner.length === 0) return setElement(element, compileGivers(context, place, rule, element));
  const holder = context.compiler.definitions.type(element.type);
  if (holder === undefined) {
    report(
      context,
      place,
      'unknown-element',
      `${type.name}.${name} is a ${element.type}: it has no elements`,
      { key: true },
    );
    return NOTHING;
  }
  return inside(element, compileElement(context, place, inner, rule, holder));
}

/** A rule or a list of rules, each with its place. */
function listed(place: Place, rule: unknown): [Place, unknown][] {
  return Array.isArray(rule)
    ? rule.map((one, index): [Place, unknown] => [[...place, index], one])
    : [[place, rule]];
}

function firstOf(sets: readonly Set[]): Set {
  return (here, raw, filled) => sets.some((set) => set(here, raw, filled));
}

function setElement({ name, many }: ElementDefinition, givers: readonly Giver[]): Set {
  if (many) {
    return (here, raw, filled) => {
      const values: unknown[] = [];
      for (const giver of givers) giver.all(here, raw, values);
      if (values.length === 0) return false;
      const before = filled[name] as unknown[] | undefined;
      filled[name] = before === undefined ? values : [...before, ...values];
      return true;
    };
  }
  return (here, raw, filled) => {
    if (filled[name] !== undefined) return false;
    for (const giver of givers) {
      const value = giver.one(here, raw);
      if (value !== undefined) {
        filled[name] = value;
        return true;
      }
    }
    return false;
  };
}

/** Fills the one object at `name`, or the first of a list; it is only made when there is something to put into it. */
function inside({ name, many }: ElementDefinition, set: Set): Set {
  return (here, raw, filled) => {
    const before = many ? (filled[name] as Filled[] | undefined)?.[0] : (filled[name] as Filled | undefined);
    const object = before ?? {};
    if (!set(here, raw, object)) return false;
    if (before === undefined) filled[name] = many ? [object] : object;
    return true;
  };
}

/** A rule whose target is a choice: what it makes decides the element's name. */
function compileChoice(
  context: Context,
  place: Place,
  given: unknown,
  choices: readonly ElementDefinition[],
): Set {
  const rule = checkRule(context, place, given);
  if (rule === undefined) return NOTHING;
  if (rule.by !== undefined) {
    return compileCases(context, place, rule, (at, one) =>
      firstOf(listed(at, one).map(([inner, each]) => compileChoice(context, inner, each, choices))),
    );
  }
  const names = choices.map((choice) => choice.type);
  const element = choices.find((choice) => choice.type === rule.to);
  if (element === undefined) {
    const says =
      rule.to === undefined
        ? `expected "to": one of ${names.join(', ')}`
        : `${choices[0]!.choice} can't be a ${rule.to}${didYouMean(rule.to, names)}`;
    report(context, place, 'wrong-type', says, { key: true });
    return NOTHING;
  }
  return setElement(element, [compileGiver(context, place, rule, element)]);
}

/** `by` and `cases`: the value at a path chooses. `otherwise` is for all other values. */
function compileCases(
  context: Context,
  place: Place,
  rule: Rule,
  compile: (place: Place, rule: unknown) => Set,
): Set {
  const by = compileFrom(context, [...place, 'by'], rule.by!);
  const cases = new Map<string, Set>();
  for (const [key, one] of Object.entries(rule.cases ?? {})) {
    const set = compile([...place, 'cases', key], one);
    for (const value of key.split(',')) cases.set(value.trim(), set);
  }
  if (cases.size === 0) report(context, place, 'missing-key', 'expected "cases" beside "by"', { key: true });
  if (by === undefined) return NOTHING;
  const otherwise = cases.get('otherwise') ?? NOTHING;
  const condition = whenOf(context, place, rule);
  return (here, raw, filled) => {
    if (condition !== undefined && !condition(here, raw)) return false;
    const value = here.leaf(by.first(here, raw), by.level);
    return (cases.get(value) ?? otherwise)(here, raw, filled);
  };
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

function checkRule(context: Context, place: Place, rule: unknown): Rule | undefined {
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

function compileGiver(context: Context, place: Place, rule: Rule, element: ElementDefinition): Giver {
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

function whenOf(context: Context, place: Place, rule: Rule): Condition | undefined {
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
