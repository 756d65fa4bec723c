/**
 * Rules, compiled to functions that fill an object. A list of rules is tried in order: a target that holds one value
 * takes the first that any of them gives; a target that holds many takes all.
 */
import type { ElementDefinition, TypeDefinition } from '../fhir/definitions.ts';
import { didYouMean } from '../problem.ts';
import type { Place } from '../yaml.ts';
import { type Context, type Convert, type Fill, type Giver, type ObjectRules, report } from './compiler.ts';
import { checkRule, compileGiver, compileGivers, listed, whenOf } from './givers.ts';
import type { Here } from './here.ts';
import { compileFrom } from './pieces.ts';
import type { Rule } from './schema.ts';

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
    onlyWith(fieldsOf(context, rule), compileElement(context, [...place, name], name.split('.'), rule, type)),
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
    if (covered.has(name) || elements.some((one) => covered.has(one) || covered.has(`_${one}`))) continue;
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
        if (lacks(filled, elements)) return name;
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
    for (const name of needs) if (filled[name] === undefined) return undefined;
    if (missing(filled) !== undefined) return undefined;
    for (const _ in filled) return filled;
    return undefined;
  };
}

const NOTHING: Set = () => false;

/**
 * The fields of the segment at hand without which a rule gives nothing; undefined where it may give something anyway. Most fields of most
 * segments are empty: it is cheaper to ask for them first.
 */
function fieldsOf(context: Context, rule: unknown): readonly number[] | undefined {
  const fields = listed([], rule).map(([, one]) => {
    const { from, each } = (one ?? {}) as Rule;
    const [, segment, field] = /^([A-Z][A-Z0-9]{2})-(\d+)(?!\d)/.exec(from ?? '') ?? [];
    return each === undefined && segment !== undefined && segment === context.segment ? Number(field) : 0;
  });
  return fields.includes(0) ? undefined : fields;
}

function onlyWith(fields: readonly number[] | undefined, set: Set): Set {
  const [first] = fields ?? [];
  if (fields === undefined || first === undefined) return set;
  if (fields.length === 1) return (here, raw, filled) => here.segment!.has(first) && set(here, raw, filled);
  return (here, raw, filled) => {
    for (const field of fields) if (here.segment!.has(field)) return set(here, raw, filled);
    return false;
  };
}

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
  const element = type.elements.get(name) ?? extensionsOf(context, name, type);
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

/** `_birthDate`: what stands beside a primitive element, such as why it is absent (R4 json.html#primitive). */
function extensionsOf(context: Context, name: string, type: TypeDefinition): ElementDefinition | undefined {
  const primitive = name.startsWith('_') ? type.elements.get(name.slice(1)) : undefined;
  if (primitive === undefined || primitive.many) return undefined;
  if (context.compiler.definitions.type(primitive.type) !== undefined) return undefined;
  return { name, min: 0, many: false, type: 'Element' };
}

function lacks(filled: Readonly<Filled>, elements: readonly string[]): boolean {
  for (const element of elements) {
    if (filled[element] !== undefined || filled[`_${element}`] !== undefined) return false;
  }
  return true;
}

function firstOf(sets: readonly Set[]): Set {
  const [only] = sets;
  if (sets.length === 1 && only !== undefined) return only;
  return (here, raw, filled) => {
    for (const set of sets) if (set(here, raw, filled)) return true;
    return false;
  };
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
    // A copy: what is there may be shared by others.
    const object: Filled = { ...before };
    if (!set(here, raw, object)) return false;
    filled[name] = many ? [object, ...((filled[name] as Filled[] | undefined) ?? []).slice(1)] : object;
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
