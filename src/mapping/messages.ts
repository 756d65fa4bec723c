/** Message maps, compiled: which resources a message makes, group by group, and what it means for the world. */
import { PipehatError } from '../errors.ts';
import { grammarOf } from '../hl7/grammar.ts';
import { groupNames } from '../hl7/groups.ts';
import { Segment } from '../hl7/message.ts';
import type { Path } from '../hl7/path.ts';
import { type Group, readGroups } from '../hl7/structure.ts';
import { NEWEST_VERSION } from '../hl7/version.ts';
import { didYouMean } from '../problem.ts';
import { checkShape, type Place } from '../yaml.ts';
import { type Context, report, unnamed } from './compiler.ts';
import { type Condition, compileCondition } from './condition.ts';
import { instant } from './conversions.ts';
import { timeFor } from './convert.ts';
import { Here } from './here.ts';
import type { Mapped } from './mapping.ts';
import { compilePath } from './pieces.ts';
import type { Run } from './run.ts';
import { type EventRule, type MessageFile, type Rule, type Step, stepSchema } from './schema.ts';
import { compileResource } from './types.ts';

/** A message map, ready to run. */
export interface MessageMap {
  readonly code: string;
  readonly events: ReadonlySet<string>;
  /** `event` is one of `events`. */
  run(run: Run, event: string): Mapped;
}

/** What one step does where it is, and in the group there, if any. */
type Act = (here: Here, group: Group | undefined) => void;

/** Compiles a message map. */
export function compileMessage(context: Context, content: MessageFile): MessageMap {
  const events = new Map(
    Object.entries(content.events).map(([event, given]) => [
      event,
      compileEvents(context, event, [given].flat()),
    ]),
  );
  const occurred = content.occurred.flatMap(
    (text, index) => compilePath(context, ['occurred', index], text) ?? [],
  );
  const structures = structuresOf(context, content);
  const { act, each } = compileSteps(context, ['resources'], content.resources, structures);
  const mapped = new Set(segmentsOf(content.resources));
  return {
    code: content.message,
    events: new Set(events.keys()),
    run(run, event) {
      const { message } = run;
      const everywhere = new Here(run, message.segments);
      const rule = events.get(event)!.find(({ holds }) => holds(everywhere, ''))!.rule;
      const { type, action, structure = content.structure } = rule;
      const occurred_at = timeOf(everywhere, occurred);
      if (structure === undefined) {
        act(everywhere, undefined);
      } else {
        const groups = readGroups(message, structure, NEWEST_VERSION);
        for (const { position, says } of groups.misfits) {
          const name = message.segments[position - 1]?.name ?? 'MSH';
          if (!name.startsWith('Z')) run.warn(name, says);
        }
        act(new Here(run, flat(groups, each)), groups);
      }
      for (const segment of message.segments) {
        if (!mapped.has(segment.name) || run.visited.has(segment.position)) continue;
        const at = placeOf(run, segment);
        throw new PipehatError('mapping-misplaced-segment', { structure }, { at });
      }
      return {
        type,
        action,
        ...(occurred_at !== undefined && { occurred_at }),
        ...(run.zoneTaken && { time_zone: run.context.time_zone }),
        entries: run.entries(),
        warnings: run.warnings,
      };
    },
  };
}

/** The structures that messages of this map may have, each known to HL7. */
function structuresOf(context: Context, content: MessageFile): string[] {
  const places: [Place, string | undefined][] = [[['structure'], content.structure]];
  for (const [event, given] of Object.entries(content.events)) {
    if (!Array.isArray(given)) places.push([['events', event, 'structure'], given.structure]);
    else
      for (const [n, one] of given.entries()) places.push([['events', event, n, 'structure'], one.structure]);
  }
  const found = new Set<string>();
  for (const [place, structure] of places) {
    if (structure === undefined) continue;
    if (grammarOf(structure, NEWEST_VERSION) === undefined)
      report(context, place, 'unknown-structure', `HL7 has no message structure ${structure}`);
    found.add(structure);
  }
  return [...found];
}

/** Names of all segments that the steps map, at any depth. */
function segmentsOf(steps: readonly unknown[]): string[] {
  return steps.flatMap((step) => {
    const { map, resources = [] } = (step ?? {}) as Step;
    return [...(map === undefined ? [] : [unnamed(map)]), ...segmentsOf(resources)];
  });
}

function compileEvents(
  context: Context,
  event: string,
  rules: EventRule[],
): { rule: EventRule; holds: Condition }[] {
  const place = ['events', event];
  if (rules.at(-1)?.when !== undefined) {
    report(
      context,
      place,
      'missing-event',
      `the last of the events of ${event} needs to hold always: leave out its "when"`,
    );
  }
  return rules.map((rule, index) => ({
    rule,
    holds: compileWhen(context, rules.length === 1 ? place : [...place, index], rule.when) ?? (() => true),
  }));
}

function compileWhen(context: Context, place: Place, when: string | undefined): Condition | undefined {
  if (when === undefined) return undefined;
  const { condition, problem } = compileCondition(when, context.part);
  if (problem !== undefined)
    report(context, [...place, 'when'], 'bad-expression', problem.says, { offset: problem.offset });
  return condition;
}

/** The first of `paths` that holds a time, as an instant. Dates alone don't say when. */
function timeOf(here: Here, paths: readonly Path[]): string | undefined {
  for (const path of paths) {
    const text = here.value(path);
    if (!/^\d{10}/.test(text)) continue;
    try {
      return timeFor(here, 'instant', instant, text, '', path);
    } catch (error) {
      if (!(error instanceof PipehatError)) throw error;
      here.run.warn(here.place(path), error.message);
    }
  }
  return undefined;
}

interface Steps {
  readonly act: Act;
  /** Groups that have steps of their own: their segments don't belong to the group around. */
  readonly each: ReadonlySet<string>;
}

function compileSteps(
  context: Context,
  place: Place,
  steps: readonly unknown[],
  structures: readonly string[],
): Steps {
  const each = new Set<string>();
  const acts: Act[] = [];
  for (const [index, given] of steps.entries()) {
    const at = [...place, index];
    const problems = checkShape(stepSchema, context.yaml, at);
    context.compiler.problems.push(...problems);
    if (problems.length > 0) continue;
    const step = given as Step;
    checkKeys(context, at, step);
    if (step.each === undefined) {
      acts.push(compileMapStep(context, at, step));
    } else {
      each.add(step.each);
      acts.push(compileGroupStep(context, at, step, structures));
    }
  }
  return {
    each,
    act(here, group) {
      for (const act of acts) act(here, group);
    },
  };
}

const MAP_KEYS = ['map', 'to', 'required', 'context', 'optional', 'when'] as const;
const GROUP_KEYS = ['resources', 'lines'] as const;

/** A step either runs a map or walks through a group. A key of the other kind would do nothing, unnoticed. */
function checkKeys(context: Context, place: Place, step: Step): void {
  const [kind, keys] = step.each === undefined ? ['map', GROUP_KEYS] : ['each', MAP_KEYS];
  for (const key of keys.filter((one) => step[one] !== undefined)) {
    report(context, [...place, key], 'wrong-value', `a step with "${kind}" has no "${key}"`, { key: true });
  }
}

/** `{ map: PID, to: Patient }`: makes a resource of each such segment here. */
function compileMapStep(context: Context, place: Place, step: Step): Act {
  const { compiler } = context;
  const { map, to, optional = false } = step;
  const declared = compiler.segments.get(`${map} ${to}`);
  if (map === undefined || to === undefined || declared === undefined) {
    const known = [...compiler.segments.keys()];
    const says = `there is no map from ${map} to ${to}${didYouMean(`${map} ${to}`, known)}`;
    report(context, [...place, 'map'], 'unknown-map', says);
    return () => undefined;
  }
  const { yaml, content } = declared;
  compiler.used.add(yaml.file);
  const part = { type: undefined, level: 0 } as const;
  const key = `${map} ${to}`;
  const make =
    compiler.made.get(key) ??
    compileResource({ compiler, yaml, part, piece: false, segment: unnamed(map) }, content);
  compiler.made.set(key, make);
  const condition = compileWhen(context, place, step.when);
  const field = identityField(content.identity);
  const standing = step.context ? 'context' : 'asserted';
  const name = unnamed(map);
  if (optional) compiler.optional.add(to);
  return (here) => {
    const segments = here.segments.filter((segment) => segment.name === name);
    if (step.required && segments.length === 0) {
      throw lacking(to, undefined, `${name}${field}`);
    }
    const wanted = !optional || here.run.context.include?.includes(to) === true;
    for (const segment of segments) {
      here.segment = segment;
      here.run.visited.add(segment.position);
      if (wanted && (condition === undefined || condition(here, ''))) {
        const { id, missing, part } = make(here, '', standing);
        if (id !== undefined) here.remember(to, id);
        else if (!part) throw lacking(to, missing, `${placeOf(here.run, segment)}${field}`);
      }
      here.segment = undefined;
    }
  };
}

/** `-3` for `from: PID-3`: where a person looks first when the identity is missing. */
function identityField(identity: unknown): string {
  const { from } = ([identity].flat()[0] ?? {}) as Rule;
  return /^\w{3}(-\d+)$/.exec(from ?? '')?.[1] ?? '';
}

function lacking(resource: string, element: string | undefined, at: string): PipehatError {
  return element === undefined
    ? new PipehatError('mapping-no-identity', { resource }, { at })
    : new PipehatError('mapping-required-missing', { element }, { at: at.replace(/-\d+$/, '') });
}

/** `OBX[3]`, or `PID` where there is one only. */
function placeOf({ message }: Run, segment: Segment): string {
  const named = message.all(segment.name);
  const number = named.findIndex((one) => one.position === segment.position) + 1;
  return named.length > 1 ? `${segment.name}[${number}]` : segment.name;
}

/** `{ each: OBSERVATION, resources: […] }`: walks through the groups of that name. */
function compileGroupStep(context: Context, place: Place, step: Step, structures: readonly string[]): Act {
  const inner = compileSteps(context, [...place, 'resources'], step.resources ?? [], structures);
  checkGroup(context, [...place, 'each'], step.each!, structures);
  const join = step.lines === undefined ? undefined : compileLines(context, [...place, 'lines'], step.lines);
  const name = step.each!;
  return (here, group) => {
    let children: Child[] = groupsOf(group, name).map((child) => ({
      child,
      segments: flat(child, inner.each),
    }));
    if (join !== undefined) children = join(here, children);
    for (const { child, segments } of children) inner.act(new Here(here.run, segments, here), child);
  };
}

/** A group has to be one of at least one of the structures. */
function checkGroup(context: Context, place: Place, name: string, structures: readonly string[]): void {
  if (structures.length === 0) {
    report(context, place, 'missing-key', 'groups need the key "structure", such as ORU_R01');
    return;
  }
  const known = structures.flatMap((structure) => {
    const grammar = grammarOf(structure, NEWEST_VERSION);
    return grammar === undefined ? [] : groupNames(grammar);
  });
  if (known.length > 0 && !known.includes(name)) {
    const says = `${structures.join(', ')} has no group ${name}${didYouMean(name, known)}`;
    report(context, place, 'unknown-group', says);
  }
}

interface Child {
  readonly child: Group;
  readonly segments: readonly Segment[];
}

/** Groups in a row that are lines of one text become one group, whose field holds the lines as repetitions. */
function compileLines(
  context: Context,
  place: Place,
  lines: NonNullable<Step['lines']>,
): (here: Here, children: readonly Child[]) => Child[] {
  const of = compilePath(context, [...place, 'of'], lines.of);
  const same = lines.same.flatMap(
    (text, index) => compilePath(context, [...place, 'same', index], text) ?? [],
  );
  const holds = compileWhen(context, place, lines.when) ?? (() => true);
  return (here, children) => {
    const joined: Child[] = [];
    let before: { key: string; lines: string[] } | undefined;
    for (const one of children) {
      const inside = new Here(here.run, one.segments, here);
      const key = holds(inside, '') ? same.map((path) => inside.field(path)).join('\0') : undefined;
      const last = joined.at(-1);
      if (of !== undefined && last !== undefined && key !== undefined && key === before?.key) {
        before.lines.push(inside.field(of));
        for (const segment of one.segments) here.run.visited.add(segment.position);
        joined[joined.length - 1] = withLines(here, last, one, of, before.lines);
      } else {
        joined.push(one);
        before = key === undefined || of === undefined ? undefined : { key, lines: [inside.field(of)] };
      }
    }
    return joined;
  };
}

function withLines(here: Here, first: Child, next: Child, of: Path, lines: readonly string[]): Child {
  const { delimiters } = here.run.message;
  const segments = first.segments.map((segment) => {
    if (segment.name !== of.segment) return segment;
    const fields = segment.text.split(delimiters.field);
    fields[of.field] = lines.join(delimiters.repetition);
    return new Segment(fields.join(delimiters.field), segment.position, delimiters);
  });
  const others = next.segments.filter((segment) => segment.name !== of.segment);
  return { child: first.child, segments: [...segments, ...others] };
}

/** The groups of a name inside a group, at any depth but not inside one another. */
function groupsOf(group: Group | undefined, name: string): Group[] {
  return (group?.groups ?? []).flatMap((child) => (child.name === name ? [child] : groupsOf(child, name)));
}

/** The segments of a group and of the groups inside that have no steps of their own. */
function flat(group: Group | undefined, each: ReadonlySet<string>): Segment[] {
  if (group === undefined) return [];
  return [
    ...group.segments,
    ...group.groups.filter((child) => !each.has(child.name)).flatMap((child) => flat(child, each)),
  ];
}
