/** Data-type maps and segment maps, compiled: raw text or a segment to a FHIR value, or to a resource of its own. */
import type { Identity } from '../event.ts';
import type { ElementDefinition } from '../fhir/definitions.ts';
import { WITHOUT_IDENTIFIER } from '../fhir/identity.ts';
import { didYouMean } from '../problem.ts';
import type { Place } from '../yaml.ts';
import {
  type Context,
  type Convert,
  type Declared,
  type Giver,
  type MakeResource,
  report,
  unnamed,
} from './compiler.ts';
import { compileGivers } from './givers.ts';
import type { Here } from './here.ts';
import { remembered } from './memo.ts';
import { elementSources, removedFrom } from './removed.ts';
import { compileObject, compileRules } from './rules.ts';
import type { Draft } from './run.ts';
import type { SegmentFile, TypeFile } from './schema.ts';

/**
 * Finds and compiles the map from an HL7 data type to the element's type; for a reference, to `target`, or to the first of its
 * targets that has one.
 */
export function compileTypeMap(
  context: Context,
  place: Place,
  hl7: string,
  element: ElementDefinition,
  target?: string,
): Convert {
  const { compiler } = context;
  const maps = compiler.types.get(hl7)!;
  const wanted =
    element.type !== 'Reference'
      ? [element.type]
      : target === undefined
        ? (element.targets ?? compiler.definitions.resources)
        : [target];
  if (target !== undefined && element.targets !== undefined && !element.targets.includes(target)) {
    const says = `${element.name} can't refer to a ${target}, only to ${element.targets.join(', ')}`;
    report(context, [...place, 'to'], 'wrong-type', says);
  }
  const to = wanted.find((type) => maps.has(type));
  if (to === undefined) {
    const says = `no map from ${hl7} gives a ${wanted.join(' or ')}: ${hl7} gives ${[...maps.keys()].join(', ')}`;
    report(context, [...place, 'as'], 'wrong-type', says);
    return () => undefined;
  }
  const key = `${hl7} ${to} ${context.part.level}`;
  const known = compiler.compiled.get(key);
  if (known !== undefined) return (here, raw) => known.convert?.(here, raw);
  // Entered before it is compiled: a map may use itself.
  const entry: { convert?: Convert } = {};
  compiler.compiled.set(key, entry);
  entry.convert = compileTypeFile(context, maps.get(to)!);
  return entry.convert;
}

function compileTypeFile(from: Context, { yaml, content }: Declared<TypeFile>): Convert {
  const { compiler, part } = from;
  compiler.used.add(yaml.file);
  const context: Context = {
    compiler,
    yaml,
    part: { type: unnamed(content.type), level: part.level },
    piece: true,
  };
  const type = compiler.definitions.type(content.to);
  if (type === undefined) return remembered(compiler, content, compilePrimitive(context, content));
  if (type.kind === 'resource') return compileReference(context, content);
  return remembered(compiler, content, compileObject(context, [], content, type));
}

/** A primitive has one element, `value` (FHIR R4 §2.24.0.1). */
function compilePrimitive(context: Context, content: TypeFile): Convert {
  const { value, ...others } = content.rules;
  for (const name of Object.keys(others)) {
    const says = `${content.to} is a primitive: its only element is value`;
    report(context, ['rules', name], 'unknown-element', says, { key: true });
  }
  const element = { name: 'value', min: 0, many: false, type: content.to };
  const givers = compileGivers(context, ['rules', 'value'], value ?? [], element);
  return (here, raw) => firstGiven(givers, here, raw);
}

function firstGiven(givers: readonly Giver[], here: Here, raw: string): unknown {
  for (const giver of givers) {
    const value = giver.one(here, raw);
    if (value !== undefined) return value;
  }
  return undefined;
}

/**
 * A resource of its own with a reference to it, mentioned and no more; without an identifier, a reference that only shows
 * its name.
 */
function compileReference(context: Context, content: TypeFile): Convert {
  const make = compileResource(context, { ...content, numbered: false });
  const text = { name: 'display', min: 0, many: false, type: 'string' };
  const display =
    content.display === undefined ? [] : compileGivers(context, ['display'], content.display, text);
  return (here, raw) => {
    const shown = firstGiven(display, here, raw);
    const { id } = make(here, raw, 'context');
    if (id === undefined && shown === undefined) return undefined;
    return {
      ...(id === undefined ? { type: content.to } : { reference: `${content.to}/${id}` }),
      ...(shown !== undefined && { display: shown }),
    };
  };
}

/** Compiles a map whose target is a resource. */
export function compileResource(
  context: Context,
  content: Pick<SegmentFile, 'to' | 'rules' | 'numbered' | 'part'> & { identity?: unknown },
): MakeResource {
  const { definitions } = context.compiler;
  const type = definitions.type(content.to);
  if (type?.kind !== 'resource') {
    const says = `FHIR has no resource ${content.to}${didYouMean(content.to, definitions.resources)}`;
    report(context, ['to'], 'unknown-resource', says);
    return () => ({});
  }
  const nameless = WITHOUT_IDENTIFIER.has(content.to);
  if (!nameless && type.elements.get('identifier')?.many !== true) {
    report(context, ['to'], 'wrong-type', `${content.to} has no identifiers to find it by`);
  }
  if (content.identity === undefined)
    report(context, [], 'missing-key', 'expected a key "identity"', { key: true });
  const identities = compileGivers(context, ['identity'], content.identity ?? [], {
    name: 'identity',
    min: 1,
    many: false,
    type: 'Identifier',
  });
  const { to: resourceType, numbered = false, part = false } = content;
  const { fill, missing } = compileRules(context, ['rules'], content.rules, type, part ? type.required : []);
  const sources = elementSources(content.rules);
  return (here, raw, standing) => {
    const found = firstGiven(identities, here, raw);
    let identity = identityOf(found);
    if (identity === undefined) return part ? { part: true } : {};
    if (numbered) identity = here.run.numbered(resourceType, identity);
    const id = here.run.id(resourceType, identity);
    const draft: Draft = { resourceType, id };
    fill(here, raw, draft);
    if (part) {
      here.run.addTo(draft);
      return { part: true };
    }
    if (!nameless) {
      const given = draft['identifier'] as Identifier[] | undefined;
      draft['identifier'] = identifiers(given, { ...(found as Identifier), ...identity });
    }
    const lacking = missing(draft);
    if (lacking !== undefined) return { missing: `${resourceType}.${lacking}` };
    here.run.add(draft, identity, standing, here.run.hasNulls ? removedFrom(sources, here, draft) : NONE);
    return { id };
  };
}

const NONE: readonly string[] = [];

function identityOf(found: unknown): Identity | undefined {
  const { system, value } = (found ?? {}) as Partial<Identity>;
  return system === undefined || value === undefined ? undefined : { system, value };
}

type Identifier = Partial<Identity>;

/** Each identifier once. The one that a resource is found by must be among them: receivers look for it. */
function identifiers(given: readonly Identifier[] | undefined, identity: Identifier): Identifier[] {
  if (given === undefined) return [identity];
  const firstLike = ({ system, value }: Identifier) =>
    given.find((one) => one.system === system && one.value === value);
  const unique = given.filter((one) => firstLike(one) === one);
  return firstLike(identity) === undefined ? [identity, ...unique] : unique;
}
