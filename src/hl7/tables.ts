/**
 * The codes of the HL7 tables, with the versions that have them. The data is `tables.json`, made by `scripts/tables.ts`;
 * it is read at the first question, not on import.
 */
import { createRequire } from 'node:module';
import { knownVersions } from './dictionary.ts';
import { isBefore, nearestVersion } from './version.ts';

/** A table as one version has it. */
export interface Table {
  /** HL7 alone defines its codes; to other tables a site adds its own. */
  readonly closed: boolean;
  /** Does the version have the code, only others, or none? */
  has(code: string): 'this version' | 'other versions' | 'none';
}

type Codes = ReadonlyMap<string, { readonly from: string; readonly to: string | undefined }>;

/** Codes of which the standard gives the form: local messages, events and structures; coding systems. */
const FORMS: Readonly<Record<number, RegExp>> = {
  3: /^Z[A-Z0-9]{2}$/,
  76: /^Z[A-Z0-9]{2}$/,
  354: /^(?:Z[A-Z0-9]{2}(?:_\w+)?|[A-Z]{3}_Z\w+)$/,
  396: /^(?:HL7\d{4}|99[A-Za-z0-9-]+|L)$/,
};

interface TablesData {
  readonly closed: readonly number[];
  readonly codes: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

let loaded: TablesData | undefined;
const tables = new Map<number, Codes | undefined>();

/** Table `number` in `version`; undefined for one that HL7 gives no list of codes. */
export function tableOf(number: number, version: string): Table | undefined {
  loaded ??= createRequire(import.meta.url)('./tables.json') as TablesData;
  if (!tables.has(number)) tables.set(number, codesOf(loaded.codes[number]));
  const codes = tables.get(number);
  if (codes === undefined) return undefined;
  // The data goes up to 2.9, the dictionary of fields does not: a code that went with 2.9 is no fault yet.
  const nearest = nearestVersion(version, knownVersions);
  const form = FORMS[number];
  return {
    closed: loaded.closed.includes(number),
    has(code) {
      if (form?.test(code)) return 'this version';
      const life = codes.get(code);
      if (life === undefined) return 'none';
      const { from, to } = life;
      const isHere = !isBefore(version, from) && (to === undefined || !isBefore(to, nearest));
      return isHere ? 'this version' : 'other versions';
    },
  };
}

function codesOf(table: Readonly<Record<string, string>> | undefined): Codes | undefined {
  const lives = Object.entries(table ?? {});
  if (lives.length === 0) return undefined;
  return new Map(
    lives.map(([code, life]) => {
      const [from = '', to] = life.split('-');
      return [code, { from, to }];
    }),
  );
}
