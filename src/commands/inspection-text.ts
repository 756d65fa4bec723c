/** A message spelled out, as text in columns: path, name, type, value. */
import { styleText } from 'node:util';
import type { InspectedPlace, InspectedSegment, Inspection } from '../hl7/inspect.ts';
import type { Received } from '../pipeline/read.ts';
import { printable } from './printable.ts';

/** How it is to look. */
export interface TextStyle {
  /** Names and types stand back behind the values: for terminals that know escape codes. */
  readonly dim: boolean;
  /** Width of the terminal. */
  readonly columns: number | undefined;
}

interface Row {
  readonly path: string;
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

const LONGEST_NAME = 40;
/** Where the terminal doesn't say how wide it is. A document in base64 would fill pages. */
const LONGEST_VALUE = 200;
const LEAST_VALUE = 24;

/** One message: a heading, each segment with its fields, and the misfits. */
export function inspectionText(
  file: string,
  { facts: { code, event, version }, charset, source }: Received,
  { structure, segments, misfits }: Inspection,
  style: TextStyle,
): string {
  // What a message says of itself needs no word.
  const read = source === 'MSH-18' || source === 'ASCII' ? '' : `read as ${charset} (${source})`;
  const heading = [file, `${code}^${event}`, version, structure, read]
    .filter((text) => text !== '')
    .map(printable);
  const rows = segments.map((segment) => segment.fields.flatMap((field) => rowsOf(field, 1)));
  const all = rows.flat();
  const widths = { path: widest(all, 'path'), name: widest(all, 'name'), type: widest(all, 'type') };
  const room = (style.columns ?? Number.POSITIVE_INFINITY) - widths.path - widths.name - widths.type - 6;
  const most = Math.min(Math.max(room, LEAST_VALUE), LONGEST_VALUE);
  const dim = (text: string) => (style.dim ? styleText('dim', text, { validateStream: false }) : text);
  const line = ({ path, name, type, value }: Row) => {
    const described = `${name.padEnd(widths.name)}  ${type.padEnd(widths.type)}`;
    return `${path.padEnd(widths.path)}  ${dim(described)}  ${shortened(value, most)}`;
  };
  const blocks = segments.map((segment, i) =>
    [`${titleOf(segment)}  ${dim(segment.description || 'not in this version')}`, ...rows[i]!.map(line)].join(
      '\n',
    ),
  );
  const rest = misfits.map(({ position, says }) => `  segment ${position}: ${says}`);
  const end = rest.length === 0 ? [] : [`Off the structure ${structure}:\n${rest.join('\n')}`];
  return `${[heading.join('  '), ...blocks, ...end].join('\n\n')}\n\n`;
}

function titleOf({ name, position }: InspectedSegment): string {
  return name === '' ? `segment ${position}` : name;
}

function rowsOf({ path, name, type, raw, value, parts }: InspectedPlace, depth: number): Row[] {
  const own = { path: `${'  '.repeat(depth)}${path}`, name: name.slice(0, LONGEST_NAME), type };
  return [
    { ...own, value: printable(parts.length === 0 ? value : raw) },
    ...parts.flatMap((part) => rowsOf(part, depth + 1)),
  ];
}

function widest(rows: readonly Row[], column: keyof Row): number {
  return rows.reduce((width, row) => Math.max(width, row[column].length), 0);
}

function shortened(value: string, most: number): string {
  if (value.length <= most) return value;
  const note = `… (${value.length} characters)`;
  return `${value.slice(0, Math.max(most - note.length, 1))}${note}`;
}
