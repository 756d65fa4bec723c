/** Codes against the tables of the version (HL7 chapter 2C). */
import { unescape } from './escape.ts';
import { part } from './parts.ts';
import { tableOf } from './tables.ts';
import { type Check, NULL } from './validate-place.ts';

/** Coded types: code, text, coding system. */
const CODED: ReadonlySet<string> = new Set(['CE', 'CWE', 'CNE', 'CF']);

/**
 * The check of a place whose codes are from table `number`; undefined for types that hold no code, and for tables that HL7
 * gives no list of. What only other versions have is told for HL7's own tables, and is a warning.
 */
export function inTable(version: string, type: string, number: number): Check | undefined {
  const isCoded = CODED.has(type);
  if (!isCoded && type !== 'ID' && type !== 'IS') return undefined;
  const table = tableOf(number, version);
  if (table === undefined) return undefined;
  const isClosed = table.closed && type === 'ID';
  const shown = String(number).padStart(4, '0');
  const check: Check = (raw, at) => {
    const code = unescape(raw, at.delimiters).trim();
    if (code === '' || code === NULL) return;
    const has = table.has(code);
    if (has === 'this version' || (has === 'other versions' && !isClosed)) return;
    const found = has === 'none' ? 'another' : 'one of other versions';
    const says = `expected a code of table ${shown} in version ${version}, found ${found}`;
    at.report('not-in-table', says, isClosed && has === 'none' ? 'error' : 'warning');
  };
  return isCoded ? coded(check, `HL7${shown}`) : check;
}

/** A code with a coding system of its own is from there, not from the table. */
function coded(check: Check, system: string): Check {
  return (raw, at) => {
    const separator = at.component === 0 ? at.delimiters.component : at.delimiters.subcomponent;
    const named = part(raw, separator, 3);
    if (named !== '' && named !== system) return;
    const level = at.component === 0 ? 'component' : 'subcomponent';
    at[level] = 1;
    check(part(raw, separator, 1), at);
    at[level] = 0;
  };
}
