/** From raw text to a FHIR value: data-type maps, code tables, built-in conversions, inner rules. */
import { PipehatError } from '../errors.ts';
import type { ElementDefinition } from '../fhir/definitions.ts';
import type { Path } from '../hl7/path.ts';
import { didYouMean } from '../problem.ts';
import type { Place } from '../yaml.ts';
import { CODE_TARGETS, type Code, type CodeTable, codeValue, rejected } from './codes.ts';
import { type Context, type Convert, report } from './compiler.ts';
import { type Conversion, conversions, type TimeConversion, usualConversion } from './conversions.ts';
import type { Here } from './here.ts';
import type { Rule } from './schema.ts';

const NOTHING: Convert = () => undefined;

/** Compiles what a rule does with one raw piece. `path` is where the piece comes from, for warnings. */
export function compileConvert(
  context: Context,
  place: Place,
  rule: Rule,
  element: ElementDefinition,
  path: Path | undefined,
): Convert {
  const base = compileBase(context, place, rule, element, path);
  if (rule.rules === undefined) return base ?? NOTHING;
  const type = context.compiler.definitions.type(element.type);
  if (type === undefined) {
    report(
      context,
      [...place, 'rules'],
      'wrong-type',
      `${element.name} is a ${element.type}: it has no elements`,
    );
    return NOTHING;
  }
  return context.compiler.nested.object(context, place, { rules: rule.rules, needs: rule.needs }, type, base);
}

/** What `as` and `code` give; undefined for a rule that has only inner rules. */
function compileBase(
  context: Context,
  place: Place,
  rule: Rule,
  element: ElementDefinition,
  path: Path | undefined,
): Convert | undefined {
  if (rule.rules !== undefined && rule.as === undefined && rule.code === undefined) return undefined;
  const mapped = rule.as !== undefined && context.compiler.types.has(rule.as);
  const target = element.type === 'Reference' ? rule.to : undefined;
  const as = mapped ? context.compiler.nested.typeMap(context, place, rule.as!, element, target) : undefined;
  if (mapped && rule.code === undefined) return as;
  const { level } = context.part;
  if (rule.code !== undefined) {
    const table = findTable(context, place, rule.code, element);
    return table === undefined ? NOTHING : codeConvert(table, element.type, as, level, path);
  }
  const convert = compileTextConvert(context, place, rule, element, path);
  if (rule.as === 'text') return (here, raw) => convert(here, here.text(raw));
  const { type } = context.part;
  if (level === 2 || (type !== undefined && !TIMES.includes(type))) {
    return (here, raw) => convert(here, here.leaf(raw, level));
  }
  const below = level === 0 ? 1 : 2;
  return (here, raw) => convert(here, here.leaf(raw, level), here.leaf(here.part(raw, level, 2), below));
}

/** The table of that name, when it can fill the element; else undefined and a problem. */
export function findTable(
  context: Context,
  place: Place,
  name: string,
  element: ElementDefinition,
): CodeTable | undefined {
  const at = [...place, 'code'];
  const { tables, used } = context.compiler;
  const found = tables.get(name);
  if (found === undefined) {
    report(context, at, 'unknown-table', `there is no code table ${name}${didYouMean(name, tables.keys())}`);
    return undefined;
  }
  used.add(found.file);
  if (!CODE_TARGETS.includes(element.type)) {
    report(context, at, 'wrong-type', `${element.name} is a ${element.type}: no code table can fill it`);
    return undefined;
  }
  const { table } = found;
  if (element.type === 'code' && element.codes !== undefined) {
    const wrong = [...table.codes.values()]
      .map(({ code }) => code)
      .filter((code) => !element.codes!.includes(code));
    for (const code of new Set(wrong)) {
      report(
        context,
        at,
        'unknown-code',
        `table ${name} gives "${code}", and ${element.name} is one of ${element.codes.join(', ')}`,
      );
    }
    if (table.otherwise === 'keep') {
      report(
        context,
        at,
        'wrong-value',
        `table ${name} keeps codes that it doesn't list, and ${element.name} allows none of them`,
      );
    }
  }
  return table;
}

/** A code by its table. `as` is the data-type map that says how the original is written down beside it. */
function codeConvert(
  table: CodeTable,
  type: string,
  as: Convert | undefined,
  level: 0 | 1 | 2,
  path: Path | undefined,
): Convert {
  return (here, raw) => {
    const text = here.leaf(raw, level);
    if (text === '') return undefined;
    const found = table.codes.get(text);
    if (found !== undefined) {
      const value = codeValue(found, type, type === 'CodeableConcept' ? ownWords(here, raw, level) : '');
      if (as !== undefined && type === 'CodeableConcept') addOriginals(value, found, as(here, raw));
      return value;
    }
    if (table.otherwise === 'skip') return undefined;
    if (table.otherwise === 'reject') throw rejected(table, here.place(path));
    if (table.otherwise === 'flag') here.run.warn(here.place(path), `the code is not in table ${table.name}`);
    if (as !== undefined) return as(here, raw);
    if (type === 'CodeableConcept') return { text };
    return table.otherwise === 'keep' && type !== 'Coding' ? text : undefined;
  };
}

/** CWE.2: what the sender calls it. */
function ownWords(here: Here, raw: string, level: 0 | 1 | 2): string {
  return level === 2 ? '' : here.leaf(here.part(raw, level, 2), level === 0 ? 1 : 2);
}

interface Concept {
  coding?: { system?: string; code?: string }[];
}

/** Adds the original codings that name another code system. */
function addOriginals(value: unknown, found: Code, original: unknown): void {
  const concept = value as Concept;
  for (const coding of (original as Concept | undefined)?.coding ?? []) {
    const same = coding.system === found.system && coding.code === found.code;
    if (coding.system !== undefined && !same) concept.coding?.push(coding);
  }
}

/** Data types whose second component may say how much of the first is meant. */
const TIMES = ['TS', 'DTM'];

/** What a rule does with text. `degree` is TS.2 where the text is TS.1. */
type ConvertText = (here: Here, text: string, degree?: string) => unknown;

/** Compiles what a rule does with text: a code table, or a built-in conversion that fits the target. */
export function compileTextConvert(
  context: Context,
  place: Place,
  rule: Rule,
  element: ElementDefinition,
  path: Path | undefined,
): ConvertText {
  if (rule.code !== undefined) {
    const table = findTable(context, place, rule.code, element);
    return table === undefined ? NOTHING : codeConvert(table, element.type, undefined, 2, path);
  }
  const name = rule.as ?? usualConversion(element.type);
  const conversion = name === undefined || !Object.hasOwn(conversions, name) ? undefined : conversions[name];
  if (conversion === undefined) {
    if (rule.as === undefined) {
      report(
        context,
        place,
        'missing-key',
        `${element.name} is a ${element.type}: expected "as", "code" or "rules"`,
        { key: true },
      );
    } else {
      const known = [...context.compiler.types.keys(), ...Object.keys(conversions)];
      report(
        context,
        [...place, 'as'],
        'unknown-type',
        `there is no data-type map or conversion ${rule.as}${didYouMean(rule.as, known)}`,
      );
    }
    return NOTHING;
  }
  if (!conversion.gives.includes(element.type)) {
    const says = `${name} gives ${conversion.gives.join(' or ')}, and ${element.name} is a ${element.type}`;
    report(context, rule.as === undefined ? place : [...place, 'as'], 'wrong-type', says);
    return NOTHING;
  }
  if (element.codes !== undefined) {
    report(
      context,
      place,
      'missing-key',
      `${element.name} only takes codes of its value set: expected "code"`,
      { key: true },
    );
  }
  return guarded(name!, conversion, path);
}

/** Text of another form than the conversion expects is left out, with a warning: the next rule may know better. */
function guarded(name: string, conversion: Conversion | TimeConversion, path: Path | undefined): ConvertText {
  return (here, text, degree = '') => {
    if (text === '') return undefined;
    try {
      return 'time' in conversion
        ? timeFor(here, name, conversion, text, degree, path)
        : conversion.convert(text);
    } catch (error) {
      if (!(error instanceof PipehatError)) throw error;
      here.run.warn(here.place(path), error.message);
      return undefined;
    }
  };
}

/** A time, converted once a run: the same few stand in many fields of a message. */
export function timeFor(
  here: Here,
  name: string,
  conversion: TimeConversion,
  text: string,
  degree: string,
  path: Path | undefined,
): string {
  const { run } = here;
  const key = `${name} ${degree} ${text}`;
  const known = run.times.get(key);
  if (known !== undefined) return known;
  const converted = conversion.time(text, degree, run.context.time_zone);
  run.times.set(key, converted.text);
  if (converted.assumed !== undefined) run.zoneTaken = true;
  if (converted.assumed === 'repeated') {
    run.warn(here.place(path), 'the clocks showed this time twice, and it has no offset: the first is meant');
  }
  return converted.text;
}
