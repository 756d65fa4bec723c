/**
 * Messages as no hospital sends them, but as HL7 allows them, and a little worse: any event, any version, groups and segments by the grammar, fields by
 * the dictionary, values of the right type, of the wrong one, empty or null. The same seed gives the same message.
 */
import { readFileSync } from 'node:fs';
import {
  fieldDefinition,
  knownVersions,
  segmentDefinition,
  typeDefinition,
} from '../../src/hl7/dictionary.ts';
import { type Element, grammarOf, structureOfEvent } from '../../src/hl7/grammar.ts';

const SRC = new URL('../../src/hl7/', import.meta.url);

const tables = (
  JSON.parse(readFileSync(new URL('tables.json', SRC), 'utf8')) as {
    codes: Record<string, Record<string, string>>;
  }
).codes;

/** All events of table 0354, as `ADT^A01`. */
export function everyEvent(): string[] {
  const { events } = JSON.parse(readFileSync(new URL('structures.json', SRC), 'utf8')) as {
    events: Record<string, string>;
  };
  const pairs = Object.entries(events).flatMap(([structure, list]) =>
    list.split(/[\s,.]+/).map((event) => `${structure.split('_')[0]}^${event}`),
  );
  return [...new Set(pairs)].filter((pair) => /^[A-Z]{3}\^[A-Z]\d\d$/.test(pair));
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A message of that event. */
export function anyMessage(event: string, seed: number): string {
  return new Author(event, chance(seed)).write();
}

const WORDS = [
  'Quill',
  'Ada',
  'x',
  'A\\T\\B',
  'été',
  'a b',
  '1',
  'GHH',
  '5.10',
  '-',
  '20260101',
  'Y',
  'N',
  'C',
];
const VALUE_TYPES = [
  'NM',
  'ST',
  'TX',
  'FT',
  'CE',
  'CWE',
  'SN',
  'DT',
  'TM',
  'TS',
  'DTM',
  'ED',
  'RP',
  'NA',
  'NR',
  'DR',
  'XPN',
  'CX',
  'ID',
];

class Author {
  readonly #event: string;
  readonly #chance: () => number;
  readonly #version: string;
  /** How often an optional field, segment or component is there. */
  readonly #density: number;
  #sets = 0;

  constructor(event: string, random: () => number) {
    this.#event = event;
    this.#chance = random;
    this.#version = this.#pick(knownVersions);
    this.#density = this.#pick([0.15, 0.4, 0.8]);
  }

  write(): string {
    const [code = '', event = ''] = this.#event.split('^');
    const structure = structureOfEvent(code, event);
    const grammar = structure === undefined ? undefined : grammarOf(structure, this.#version);
    const type = this.#chance() < 0.5 ? `${code}^${event}` : `${code}^${event}^${structure}`;
    const header = `MSH|^~\\&|LAB|GHH|PIPEHAT|GHH|${this.#time()}||${type}|${Math.floor(this.#chance() * 1e6)}|P|${this.#version}`;
    const segments = (grammar?.children ?? []).flatMap((element) => this.#element(element));
    return [header, ...segments.filter((segment) => !segment.startsWith('MSH'))].join('\r');
  }

  #element(element: Element): string[] {
    const wanted = element.min > 0 || this.#chance() < this.#density;
    // Now and then something required is missing.
    if (!wanted || this.#chance() < 0.02) return [];
    const times = element.max > 1 && this.#chance() < 0.3 ? 2 + Math.floor(this.#chance() * 2) : 1;
    return Array.from({ length: times }).flatMap(() =>
      element.children.length > 0
        ? element.children.flatMap((child) => this.#element(child))
        : this.#segment(this.#pick([...element.contains])),
    );
  }

  #segment(name: string): string[] {
    const fields = segmentDefinition(this.#version, name)?.fields;
    if (fields === undefined) return [];
    let valueType = '';
    const values = Array.from({ length: fields }, (_, index) => {
      const n = index + 1;
      if (n === 1 && fieldDefinition(this.#version, name, 1)?.type === 'SI') return String(++this.#sets);
      if (name === 'OBX' && n === 2) {
        valueType = this.#pick(VALUE_TYPES);
        return valueType;
      }
      if (name === 'OBX' && n === 5) return this.#value(valueType, undefined, 0);
      return this.#field(name, n);
    });
    return [`${name}|${values.join('|')}`.replace(/\|+$/, '')];
  }

  #field(segment: string, n: number): string {
    const field = fieldDefinition(this.#version, segment, n);
    if (field === undefined) return '';
    if (field.usage !== 'required' && this.#chance() > this.#density) return '';
    if (this.#chance() < 0.03) return '""';
    const times = field.most > 1 && this.#chance() < 0.2 ? 2 : 1;
    return Array.from({ length: times }, () => this.#value(field.type, field.table, 0)).join('~');
  }

  #value(type: string, table: number | undefined, depth: number): string {
    if (this.#chance() < 0.03) return this.#pick(WORDS);
    const components = typeDefinition(this.#version, type)?.components ?? [];
    if (components.length > 1 && depth < 2) {
      const parts = components.map((component, index) =>
        index === 0 || this.#chance() < this.#density
          ? this.#value(component.type, index === 0 ? (component.table ?? table) : component.table, depth + 1)
          : '',
      );
      return parts.join(depth === 0 ? '^' : '&').replace(depth === 0 ? /\^+$/ : /&+$/, '');
    }
    if (table !== undefined && tables[table] !== undefined && this.#chance() < 0.9)
      return this.#pick(Object.keys(tables[table]));
    return this.#primitive(type);
  }

  #primitive(type: string): string {
    if (['TS', 'DTM', 'DT'].includes(type)) return this.#time();
    if (type === 'TM') return this.#pick(['1015', '101530', '25', '101530.123+0100']);
    if (type === 'NM' || type === 'SI')
      return this.#pick(['0', '1', '5.10', '-3', '+7', '1e3', 'x', '99999999999']);
    if (type === 'ED') return 'LAB^TEXT^PDF^Base64^QUJD';
    return this.#pick(WORDS);
  }

  #time(): string {
    return this.#pick([
      ...[
        '2026',
        '202601',
        '20260131',
        '2026013110',
        '202601311015',
        '20260131101530',
        '20260131101530.123-0600',
      ],
      ...['20260131101530Z', '00000000', '20260231', '2026-01-31', 'soon', '20260329023000'],
    ]);
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#chance() * list.length)]!;
  }
}
