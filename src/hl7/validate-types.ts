/** Checks of data types (HL7 chapter 2A): primitive ones by their form, composite ones component by component. */
import { type FieldDefinition, typeDefinition } from './dictionary.ts';
import { part } from './parts.ts';
import { inTable } from './validate-codes.ts';
import { lengthCheck } from './validate-lengths.ts';
import { type Check, type Cursor, NULL } from './validate-place.ts';
import { primitives } from './validate-primitives.ts';
import { specials } from './validate-specials.ts';

/** Where a value of the type stands. Only fields and components can have several parts. */
type Level = 'field' | 'component' | 'subcomponent';

/** Types without a form of their own; their text isn't cut. */
const OPAQUE: ReadonlySet<string> = new Set(['CM', 'VARIES', 'GTS']);

const checks = new Map<string, Check | undefined>();

/**
 * The check of one repetition of a field of type `type` whose codes are from table `table`; undefined when there is
 * nothing to check, or no such type in the version. `version` is one of the dictionary's.
 */
export function fieldCheck(version: string, type: string, table: number | undefined): Check | undefined {
  return checkOf(version, type, table, 'field');
}

function checkOf(version: string, type: string, table: number | undefined, level: Level): Check | undefined {
  const key = `${version} ${type} ${table} ${level}`;
  if (!checks.has(key)) checks.set(key, compile(version, type, table, level));
  return checks.get(key);
}

function compile(version: string, type: string, table: number | undefined, level: Level): Check | undefined {
  const form = primitives[type];
  const components = typeDefinition(version, type)?.components;
  if ((components === undefined && form === undefined) || OPAQUE.has(type)) return undefined;
  const codes = table === undefined ? undefined : inTable(version, type, table);
  if (components === undefined || components.length === 0) return primitive(both(form, codes), level);
  // A subcomponent has no parts: a composite there is read as its first one.
  if (level === 'subcomponent') return undefined;
  const inner = components.map((component) => piece(version, component, level));
  const whole = both(composite(components, inner, level), specials[type]);
  return both(whole, codes);
}

function both(one: Check | undefined, other: Check | undefined): Check | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return (raw, at) => {
    one(raw, at);
    other(raw, at);
  };
}

/** A primitive with components has more than the version knows of; its first one is the value. */
function primitive(check: Check | undefined, level: Level): Check | undefined {
  if (level !== 'field') {
    return (
      check &&
      ((raw, at) => {
        const { subcomponent } = at.delimiters;
        check(level === 'component' ? part(raw, subcomponent, 1) : raw, at);
      })
    );
  }
  return (raw, at) => {
    const { component } = at.delimiters;
    if (component === '' || !raw.includes(component)) {
      check?.(raw, at);
      return;
    }
    const [first = '', ...more] = raw.split(component);
    if (first !== '' && first !== NULL) check?.(first, at);
    const beyond = more.findIndex((text) => text !== '');
    if (beyond < 0) return;
    at.component = beyond + 2;
    at.report('field-unknown', 'expected a value without components, found several');
    at.component = 0;
  };
}

/** The check of a component with its length. */
function piece(version: string, component: FieldDefinition, outer: Level): Check | undefined {
  const level = outer === 'field' ? 'component' : 'subcomponent';
  const check = checkOf(version, component.type, component.table, level);
  return both(check, lengthCheck(version, component, 'component'));
}

function composite(
  components: readonly FieldDefinition[],
  inner: readonly (Check | undefined)[],
  level: Level,
): Check {
  const known = components.length;
  const lastRequired = components.findLastIndex(({ usage }) => usage === 'required') + 1;
  return (raw, at) => {
    const { component, subcomponent } = at.delimiters;
    const separator = level === 'field' ? component : subcomponent;
    const several = separator !== '' && raw.includes(separator);
    const pieces = several ? raw.split(separator) : [raw];
    for (let i = 0; i < Math.max(pieces.length, lastRequired); i++) {
      const text = pieces[i] ?? '';
      go(at, level, i + 1);
      if (text === '') {
        const { usage, name } = components[i] ?? {};
        if (usage === 'required') at.report('field-required', `expected a value (${name}), found nothing`);
      } else if (i >= known) {
        at.report('field-unknown', `expected at most ${known} parts, found more`);
        break;
      } else if (text !== NULL) inner[i]?.(text, at);
    }
    go(at, level, 0);
  };
}

function go(at: Cursor, level: Level, n: number): void {
  if (level === 'field') at.component = n;
  else at.subcomponent = n;
}
