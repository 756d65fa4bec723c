/** Code tables: an HL7 code to a FHIR code, and what becomes of a code that is not in the table. */
import { PipehatError } from '../errors.ts';
import type { Problem } from '../problem.ts';
import type { CodeFile } from './schema.ts';

/** What a table gives for one code. */
export interface Code {
  readonly code: string;
  readonly display?: string;
  readonly system?: string;
}

/** One table. */
export interface CodeTable {
  readonly name: string;
  readonly otherwise: CodeFile['otherwise'];
  readonly codes: ReadonlyMap<string, Code>;
}

/** A table from the value of its YAML file, already checked. */
export function codeTable(file: CodeFile): CodeTable {
  const codes = new Map<string, Code>();
  for (const [from, to] of Object.entries(file.codes)) {
    const code = typeof to === 'string' ? { code: to } : to;
    codes.set(from, Object.freeze({ ...(file.to !== undefined && { system: file.to }), ...code }));
  }
  return { name: file.code, otherwise: file.otherwise, codes };
}

/**
 * A table from CSV: a header line, then code and target in the first two columns; further columns are for people.
 * The table is named after the file, and leaves codes that it doesn't list to the next rule.
 */
export function csvTable(file: string, text: string): { table: CodeTable; problems: Problem[] } {
  const codes = new Map<string, Code>();
  const problems: Problem[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (index === 0 || line.trim() === '') continue;
    const [from = '', to = ''] = cells(line);
    const problem = (rule: string, says: string) =>
      problems.push({ file, line: index + 1, column: 1, rule, says });
    if (from === '' || to === '')
      problem('wrong-value', 'expected a code and its target in the first two columns');
    else if (codes.has(from)) problem('duplicate', 'the code stands in the file twice');
    else codes.set(from, { code: to });
  }
  const name = file.replace(/^.*\//, '').replace(/\.csv$/, '');
  return { table: { name, otherwise: 'skip', codes }, problems };
}

/** Cells of a line of CSV (RFC 4180, without line breaks inside a cell). */
function cells(line: string): string[] {
  const found = line.matchAll(/(?:^|,)(?:\s*"((?:[^"]|"")*)"\s*|([^,]*))/g);
  return [...found].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain?.trim() ?? '');
}

/** The FHIR types that a table can fill. */
export const CODE_TARGETS = ['code', 'Coding', 'CodeableConcept', 'uri', 'string', 'boolean'];

/** A found code in the shape of the target. `text` is what the message itself calls it. */
export function codeValue(found: Code, type: string, text: string): unknown {
  if (type === 'Coding') return coding(found);
  if (type === 'CodeableConcept')
    return text === '' ? { coding: [coding(found)] } : { coding: [coding(found)], text };
  return type === 'boolean' ? found.code === 'true' : found.code;
}

function coding({ system, code, display }: Code): object {
  const known = system === undefined ? { code } : { system, code };
  return display === undefined ? known : { ...known, display };
}

/** The error for a table that rejects what it doesn't list. */
export function rejected(table: CodeTable, at: string): PipehatError {
  return new PipehatError('mapping-code-rejected', { table: table.name }, { at });
}
