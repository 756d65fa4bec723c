/** Groups that a path names, checked against the structures of the messages that a channel accepts. */
import { grammarOf, structureOfEvent, structuresOfCode } from '../hl7/grammar.ts';
import { type NoWay, wayOf } from '../hl7/groups.ts';
import type { Path } from '../hl7/path.ts';
import { NEWEST_VERSION } from '../hl7/version.ts';
import type { MessagePattern } from '../pipeline/accept.ts';
import { didYouMean } from '../problem.ts';

/**
 * What is wrong with the groups of a path: no structure of an accepted message has them, or in one of them their names
 * have several meanings. Undefined where they are right.
 */
export function groupProblem(
  path: Path,
  accepted: readonly MessagePattern[],
): { rule: string; says: string } | undefined {
  if (path.groups.length === 0) return undefined;
  const structures = [...new Set(accepted.flatMap(structuresOf))];
  const grammars = structures.flatMap((structure) => grammarOf(structure, NEWEST_VERSION) ?? []);
  const found = grammars.map((grammar) => wayOf(grammar, path));
  const noWays = found.flatMap((one) => ('noWay' in one ? one.noWay : []));
  const ambiguous = noWays.find((noWay) => noWay.kind === 'ambiguous');
  if (ambiguous !== undefined) return { rule: 'ambiguous-group', says: severalWays(ambiguous) };
  const ways = found.flatMap((one) => ('way' in one ? one.way : []));
  // Local segments have a place in no grammar.
  if (ways.some(({ inside }) => inside !== undefined || path.segment.startsWith('Z'))) return undefined;
  const where = listed(grammars.map(({ name }) => name));
  if (ways.length > 0) {
    const { name } = path.groups.at(-1)!;
    return { rule: 'unknown-group', says: `${name} of ${where} has no segment ${path.segment}` };
  }
  const steps = path.groups.map(({ name }) => name);
  // The structures in which most of the way is there tell which name is the wrong one.
  const most = Math.max(...noWays.map(({ name }) => steps.indexOf(name)));
  const wrong = steps[most];
  if (wrong === undefined)
    return { rule: 'unknown-group', says: 'HL7 has no groups for the messages that are accepted' };
  const known = noWays.flatMap((noWay) => (noWay.name === wrong && 'known' in noWay ? noWay.known : []));
  const inside = most === 0 ? '' : ` inside ${steps[most - 1]}`;
  return {
    rule: 'unknown-group',
    says: `${where} has no group ${wrong}${inside}${didYouMean(wrong, known)}`,
  };
}

function severalWays({ name, ways }: NoWay & { readonly kind: 'ambiguous' }): string {
  const each = ways.map((steps) => steps.join('.')).join(', ');
  return `${name} stands in several groups: name the one that is meant (${each})`;
}

function structuresOf({ code, event }: MessagePattern): string[] {
  return event === '*' ? structuresOfCode(code) : [structureOfEvent(code, event) ?? `${code}_${event}`];
}

/** `ORU_R01`, `ADT_A01, ADT_A02`, or the first ones of many. */
function listed(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')}, …` : names.join(', ');
}
