/** Where an expected output and the one found differ, one line for each place. For test data only: it shows values. */
import { type Message, readMessage } from '../hl7/message.ts';

/** Compares two HL7 messages field by field, or two JSON texts value by value. Empty when they say the same. */
export function differences(expected: string, found: string): string[] {
  if (found.startsWith('MSH')) return messageDifferences(expected, found);
  try {
    return jsonDifferences(JSON.parse(expected), JSON.parse(found), '');
  } catch (error) {
    return [`expected JSON: ${(error as Error).message}`];
  }
}

function jsonDifferences(expected: unknown, found: unknown, path: string): string[] {
  if (!isTree(expected) || !isTree(found) || Array.isArray(expected) !== Array.isArray(found)) {
    return Object.is(expected, found) ? [] : [line(path || 'output', expected, found)];
  }
  const keys = new Set([...Object.keys(expected), ...Object.keys(found)]);
  return [...keys].flatMap((key) => {
    const step = Array.isArray(found) ? `[${key}]` : path === '' ? key : `.${key}`;
    return jsonDifferences(expected[key], found[key], path + step);
  });
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function messageDifferences(expected: string, found: string): string[] {
  if (!expected.startsWith('MSH')) return ['expected an HL7 message that starts with MSH'];
  const [before, after] = [readMessage(expected), readMessage(found)];
  const length = Math.max(before.segments.length, after.segments.length);
  return Array.from({ length }, (_, i) => segmentDifferences(before, after, i)).flat();
}

function segmentDifferences(expected: Message, found: Message, i: number): string[] {
  const [before, after] = [expected.segments[i], found.segments[i]];
  const at = `segment ${i + 1}`;
  if (before?.name !== after?.name) return [line(at, before?.text, after?.text)];
  if (before === undefined || after === undefined || before.text === after.text) return [];
  const fields = Math.max(...[before, after].map(({ text }) => text.split(found.delimiters.field).length));
  const differing = Array.from({ length: fields }, (_, n) => n + 1).filter(
    (n) => before.field(n) !== after.field(n),
  );
  return differing.map((n) => line(`${at}, ${after.name}-${n}`, before.field(n), after.field(n)));
}

function line(place: string, expected: unknown, found: unknown): string {
  return `${place}: expected ${shown(expected)}, found ${shown(found)}`;
}

function shown(value: unknown): string {
  return value === undefined || value === '' ? 'nothing' : JSON.stringify(value);
}
