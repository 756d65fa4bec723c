/**
 * Writes `src/hl7/dictionary.json`: segments, fields and data types of each version, as `src/hl7/dictionary.ts` reads them. They are those of
 * hl7v2-dictionary, which takes a second and 280 MB to load: here each field that several versions have alike stands once.
 *
 * Run it after a new version of hl7v2-dictionary: `node scripts/dictionary.ts`.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { HL7Dictionary, HL7FieldDefinition } from 'hl7v2-dictionary';
import type { DictionaryData, FieldData, PartsData } from '../src/hl7/dictionary.ts';

type Parts = Readonly<
  Record<string, { desc?: string; fields?: Readonly<Record<number, HL7FieldDefinition>> }>
>;

/** The data that belongs into dictionary.json. */
export function buildDictionary(): DictionaryData {
  const { dictionaries } = createRequire(import.meta.url)('hl7v2-dictionary') as {
    dictionaries: Record<string, HL7Dictionary>;
  };
  const fields: FieldData[] = [];
  const numbers = new Map<string, number>();
  const numberOf = ({ desc, type, opt, rep, table, len }: HL7FieldDefinition): number => {
    const field: FieldData = [desc ?? '', type, opt ?? null, rep ?? null, table ?? null, len ?? null];
    const key = JSON.stringify(field);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, fields.length);
    return fields.push(field) - 1;
  };
  const partsOf = (parts: Parts): Record<string, PartsData> =>
    Object.fromEntries(
      Object.entries(parts).map(([name, { desc, fields: found = {} }]): [string, PartsData] => [
        name,
        [desc ?? name, ...Object.values(found).map(numberOf)],
      ]),
    );
  const versions = Object.entries(dictionaries).map(([version, { segments, types }]) => [
    version,
    { segments: partsOf(segments as Parts), types: partsOf(types as Parts) },
  ]);
  return { fields, versions: Object.fromEntries(versions) };
}

/** As written: one field, segment or type a line, so that a new version shows as a readable difference. */
export function formatDictionary({ fields, versions }: DictionaryData): string {
  const lines = (parts: Readonly<Record<string, PartsData>>): string =>
    Object.entries(parts)
      .map(([name, part]) => `${JSON.stringify(name)}:${JSON.stringify(part)}`)
      .join(',\n');
  const each = Object.entries(versions).map(
    ([version, { segments, types }]) =>
      `"${version}":{"segments":{\n${lines(segments)}\n},"types":{\n${lines(types)}\n}}`,
  );
  const list = fields.map((field) => JSON.stringify(field)).join(',\n');
  return `{"fields":[\n${list}\n],"versions":{\n${each.join(',\n')}\n}}\n`;
}

if (import.meta.main) {
  const file = new URL('../src/hl7/dictionary.json', import.meta.url);
  writeFileSync(file, formatDictionary(buildDictionary()));
}
