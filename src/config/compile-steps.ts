/** The steps of a channel file: expressions and paths compiled, mappings looked up. */
import type { Mapping } from '../mapping/mapping.ts';
import { parseMessagePattern } from '../pipeline/accept.ts';
import type { Step } from '../pipeline/channel.ts';
import type { Problem } from '../problem.ts';
import type { ChannelFile } from './channel.ts';
import { type Draft, unknown } from './draft.ts';
import { compileAt, pathAt } from './expression.ts';

type FileStep = ChannelFile['steps'][number];

/** The steps that are right; what is wrong with the others is added to the problems. */
export function compileSteps(draft: Draft): Step[] {
  const { yaml, file, problems } = draft;
  const transforms = file.steps.flatMap((step, i) => (step.transform === undefined ? [] : [i]));
  for (const i of transforms.slice(1)) {
    const says = 'expected at most one transform in a channel';
    problems.push(yaml.problem(['steps', i, 'transform'], 'second-transform', says));
  }
  return file.steps.map((step, i) => compileStep(draft, step, i)).filter((step) => step !== undefined);
}

/** The shape allows exactly one key in a step. */
function compileStep(draft: Draft, step: FileStep, i: number): Step | undefined {
  if (step.filter !== undefined) return compileFilter(draft, step.filter, i);
  if (step.set !== undefined) return compileSet(draft, step.set, i);
  return step.transform === undefined ? undefined : compileTransform(draft, step.transform, i);
}

function compileFilter(draft: Draft, source: string, i: number): Step | undefined {
  const condition = compileAt(draft, ['steps', i, 'filter'], 'bool');
  return condition && { kind: 'filter', label: `step ${i + 1}: filter ${source}`, condition };
}

function compileSet(draft: Draft, set: NonNullable<FileStep['set']>, i: number): Step {
  const values = Object.entries(set).flatMap(([key, value]) => {
    const place = ['steps', i, 'set', key];
    const path = pathAt(draft, place);
    const compiled = typeof value === 'string' ? value : compileAt(draft, [...place, 'cel'], 'string');
    return path === undefined || compiled === undefined ? [] : [{ path, value: compiled }];
  });
  return { kind: 'set', label: `step ${i + 1}: set ${Object.keys(set).join(', ')}`, values };
}

function compileTransform(
  draft: Draft,
  given: NonNullable<FileStep['transform']>,
  i: number,
): Step | undefined {
  const { mapping: name, include } = typeof given === 'string' ? { mapping: given, include: [] } : given;
  const { yaml, around, problems } = draft;
  const mapping = around.mappings.get(name);
  if (mapping === undefined) {
    const says = unknown('mapping', name, around.mappings.keys());
    const at = ['steps', i, 'transform', ...(typeof given === 'string' ? [] : ['mapping'])];
    problems.push(yaml.problem(at, 'unknown-mapping', says));
    return undefined;
  }
  problems.push(...unmapped(draft, mapping));
  const never = include.find((type) => !mapping.optional.has(type));
  if (never !== undefined) {
    const says = unknown('optional resource type', never, mapping.optional);
    problems.push(yaml.problem(['steps', i, 'transform', 'include'], 'unknown-resource', says));
  }
  return { kind: 'transform', label: `step ${i + 1}: transform ${name}`, mapping, include };
}

/** Accepted messages that the mapping has nothing for. A filter may drop them before, so these are warnings. */
function unmapped({ yaml, file }: Draft, mapping: Mapping): Problem[] {
  return file.accept.messages.flatMap((message, i): Problem[] => {
    const pattern = parseMessagePattern(message);
    if (pattern.event === '*' || mapping.accepts(pattern)) return [];
    const says = `the mapping "${mapping.name}" has nothing for ${message}: it fails there unless a filter drops it`;
    return [{ ...yaml.problem(['accept', 'messages', i], 'unmapped-message', says), level: 'warning' }];
  });
}
