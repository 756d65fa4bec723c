/** A channel file made ready to run: steps and routes compiled, names looked up, all problems collected. */
import type { SourceDefinition } from '../component.ts';
import { errors } from '../errors.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { parseMessagePattern, parseVersions } from '../pipeline/accept.ts';
import type { Channel, Step } from '../pipeline/channel.ts';
import type { Route } from '../pipeline/route.ts';
import { didYouMean, hasErrors, type Problem } from '../problem.ts';
import { checkShape, withDefaults, type YamlFile } from '../yaml.ts';
import { type ChannelFile, type ChannelTest, channelSchema, type Expectation } from './channel.ts';
import type { System } from './configuration.ts';
import { compileAt, pathAt } from './expression.ts';
import { referenceProblems } from './reference.ts';

/** What a channel file may name. */
export interface ChannelSurroundings {
  readonly sources: readonly SourceDefinition[];
  /** Undefined stands for a system whose own file has problems. */
  readonly systems: ReadonlyMap<string, System | undefined>;
  readonly mappings: ReadonlyMap<string, Mapping>;
  /** Names of FHIR R4 resource types. */
  readonly resourceTypes: ReadonlySet<string>;
  /** Does the site have this file? */
  exists(file: string): boolean;
}

/** What came of a channel file; `channel` is absent when it can't be used. */
export interface CompiledChannel {
  readonly channel?: Channel;
  readonly tests: readonly ChannelTest[];
  readonly problems: readonly Problem[];
}

/** Checks and compiles a channel file. */
export function compileChannel(yaml: YamlFile, around: ChannelSurroundings): CompiledChannel {
  const schema = channelSchema(around.sources);
  const problems = [...yaml.problems];
  if (problems.length === 0) problems.push(...checkShape(schema, yaml));
  if (problems.length > 0) return { tests: [], problems };
  const file = withDefaults(schema, yaml.value) as ChannelFile;
  const source = compileSource(yaml, file, around.sources, problems);
  const steps = compileSteps(yaml, file, around.mappings, problems);
  const routes = compileRoutes(yaml, file, around, problems);
  const tests = compileTests(yaml, file, around, problems);
  if (hasErrors(problems)) return { tests: [], problems };
  const channel: Channel = {
    name: file.channel,
    description: file.description,
    file: yaml.file,
    source,
    accept: {
      messages: file.accept.messages.map(parseMessagePattern),
      versions: parseVersions(file.accept.versions),
    },
    order: file.order,
    lanes: file.lanes,
    steps,
    routes,
  };
  return { channel, tests, problems };
}

function compileSource(
  yaml: YamlFile,
  file: ChannelFile,
  sources: readonly SourceDefinition[],
  problems: Problem[],
): Channel['source'] {
  const [[type, options]] = Object.entries(file.source) as [[string, Record<string, unknown>]];
  problems.push(...referenceProblems(yaml, ['source', type]));
  return { definition: sources.find((source) => source.type === type)!, options };
}

function compileSteps(
  yaml: YamlFile,
  file: ChannelFile,
  mappings: ReadonlyMap<string, Mapping>,
  problems: Problem[],
): Step[] {
  let transforms = 0;
  return file.steps.flatMap((step, i): Step[] => {
    const number = `step ${i + 1}`;
    if (step.filter !== undefined) {
      const condition = compileAt(yaml, ['steps', i, 'filter'], 'bool', problems);
      return condition ? [{ kind: 'filter', label: `${number}: filter ${step.filter}`, condition }] : [];
    }
    if (step.set !== undefined) {
      const values = Object.entries(step.set).flatMap(([key, value]) => {
        const place = ['steps', i, 'set', key];
        const path = pathAt(yaml, place, problems);
        const compiled =
          typeof value === 'string' ? value : compileAt(yaml, [...place, 'cel'], 'string', problems);
        return path === undefined || compiled === undefined ? [] : [{ path, value: compiled }];
      });
      return [{ kind: 'set', label: `${number}: set ${Object.keys(step.set).join(', ')}`, values }];
    }
    const name = step.transform ?? '';
    const place = ['steps', i, 'transform'];
    transforms += 1;
    if (transforms === 2) {
      problems.push(yaml.problem(place, 'second-transform', 'expected at most one transform in a channel'));
    }
    const mapping = mappings.get(name);
    problems.push(...unmapped(yaml, file, mapping));
    if (mapping !== undefined) return [{ kind: 'transform', label: `${number}: transform ${name}`, mapping }];
    problems.push(yaml.problem(place, 'unknown-mapping', unknown('mapping', name, mappings.keys())));
    return [];
  });
}

/** Accepted messages that the mapping has nothing for. A filter may drop them before, so these are warnings. */
function unmapped(yaml: YamlFile, file: ChannelFile, mapping: Mapping | undefined): Problem[] {
  return file.accept.messages.flatMap((message, i): Problem[] => {
    const pattern = parseMessagePattern(message);
    if (mapping === undefined || pattern.event === '*' || mapping.accepts(pattern)) return [];
    const says = `the mapping "${mapping.name}" has nothing for ${message}: it fails there unless a filter drops it`;
    return [{ ...yaml.problem(['accept', 'messages', i], 'unmapped-message', says), level: 'warning' }];
  });
}

function compileRoutes(
  yaml: YamlFile,
  file: ChannelFile,
  around: ChannelSurroundings,
  problems: Problem[],
): Route[] {
  const transforms = file.steps.some((step) => step.transform !== undefined);
  const seen = new Set<string>();
  return file.route.flatMap((route, i): Route[] => {
    const add = (key: string | number, rule: string, says: string, more: (string | number)[] = []) =>
      problems.push(yaml.problem(['route', i, key, ...more], rule, says));
    const when =
      route.when === undefined ? undefined : compileAt(yaml, ['route', i, 'when'], 'bool', problems);
    if (seen.has(route.to)) {
      add('to', 'second-route', `another route goes to "${route.to}" already: join their conditions with ||`);
    }
    seen.add(route.to);
    const system = around.systems.get(route.to);
    if (!around.systems.has(route.to)) {
      add('to', 'unknown-system', unknown('system', route.to, around.systems.keys()));
    }
    if (system?.takes === 'event' && !transforms) {
      add(
        'to',
        'no-transform',
        `"${route.to}" takes canonical events: add a step such as "transform: v2-to-fhir"`,
      );
    }
    if (system?.takes === 'hl7' && route.write !== undefined) {
      add(
        'write',
        'wrong-value',
        `"${route.to}" takes HL7 messages, which hold no FHIR resources to choose from`,
      );
    }
    for (const [j, type] of (route.write ?? []).entries()) {
      if (around.resourceTypes.has(type)) continue;
      add('write', 'unknown-resource', unknown('FHIR resource type', type, around.resourceTypes), [j]);
    }
    return system === undefined ? [] : [{ when, to: route.to, takes: system.takes, write: route.write }];
  });
}

function compileTests(
  yaml: YamlFile,
  file: ChannelFile,
  around: ChannelSurroundings,
  problems: Problem[],
): ChannelTest[] {
  const targets = new Set(file.route.map((route) => route.to));
  return file.tests.map((test, i) => {
    const add = (place: (string | number)[], rule: string, says: string, key = false) =>
      problems.push(yaml.problem(['tests', i, ...place], rule, says, { key }));
    if (!around.exists(test.in)) add(['in'], 'missing-file', `there is no file "${test.in}"`);
    const { filtered, error, at, ...outputs } = test.expect;
    const kinds = [filtered, error, Object.keys(outputs)[0]].filter((kind) => kind !== undefined);
    if (kinds.length !== 1 || (at !== undefined && error === undefined)) {
      add(['expect'], 'wrong-value', 'expected "filtered: true", an "error" (and "at"), or systems', true);
    }
    if (error !== undefined && !Object.hasOwn(errors, error)) {
      add(['expect', 'error'], 'unknown-error', unknown('error code', error, Object.keys(errors)));
    }
    for (const system of Object.keys(outputs)) {
      if (!targets.has(system)) {
        add(['expect', system], 'unknown-system', unknown('route to', system, targets), true);
      }
    }
    return { channel: file.channel, in: test.in, expect: expectation(filtered, error, at, outputs) };
  });
}

function expectation(
  filtered: true | undefined,
  code: string | undefined,
  at: string | undefined,
  outputs: Record<string, unknown>,
): Expectation {
  if (filtered) return { kind: 'filtered' };
  if (code !== undefined) return { kind: 'error', code, at };
  return { kind: 'outputs', outputs: outputs as Record<string, string | false> };
}

function unknown(what: string, name: string, known: Iterable<string>): string {
  return `there is no ${what} "${name}"${didYouMean(name, known)}`;
}
