/** Profile files made ready to run: paths, conditions and patterns compiled, `extends` followed, all problems collected. */
import { fieldDefinition, segmentDefinition } from '../hl7/dictionary.ts';
import { type Rule, rules } from '../hl7/finding.ts';
import { formatPath } from '../hl7/path.ts';
import { NEWEST_VERSION } from '../hl7/version.ts';
import type { Exception, FieldRule, Profile, SegmentUse } from '../pipeline/profile.ts';
import { hasErrors, type Problem } from '../problem.ts';
import { checkShape, withDefaults, type YamlFile } from '../yaml.ts';
import { nameIn } from './conflicts.ts';
import { unknown } from './draft.ts';
import { compileAt, pathAt } from './expression.ts';
import { compilePattern } from './pattern.ts';
import { type ProfileField, type ProfileFile, profileSchema } from './profile.ts';

/** What came of the profile files. */
export interface CompiledProfiles {
  /** By name; undefined stands for one whose own file has problems. */
  readonly profiles: ReadonlyMap<string, Profile | undefined>;
  readonly problems: readonly Problem[];
}

/** What one file says, without what it extends. */
interface Own {
  readonly yaml: YamlFile;
  readonly file: ProfileFile;
  readonly segments: ReadonlyMap<string, SegmentUse>;
  /** By path as written. */
  readonly fields: ReadonlyMap<string, FieldRule>;
  readonly off: readonly Exception[];
}

/** Checks and compiles all profile files of a site. */
export function compileProfiles(files: readonly YamlFile[]): CompiledProfiles {
  const problems: Problem[] = [];
  const owns = new Map<string, Own | undefined>();
  for (const yaml of files) {
    const name = nameIn(yaml, 'profile');
    const own = compileOwn(yaml, problems);
    if (name !== undefined && !owns.has(name)) owns.set(name, own);
  }
  const profiles = new Map<string, Profile | undefined>();
  for (const name of owns.keys()) profiles.set(name, withBases(name, owns, problems));
  return { profiles, problems };
}

/** Undefined, with problems added, when the file is wrong. */
function compileOwn(yaml: YamlFile, problems: Problem[]): Own | undefined {
  const found = [...yaml.problems];
  if (found.length === 0) found.push(...checkShape(profileSchema, yaml));
  problems.push(...found);
  if (found.length > 0) return undefined;
  const file = withDefaults(profileSchema, yaml.value) as ProfileFile;
  const mine: Problem[] = [];
  const own: Own = {
    yaml,
    file,
    segments: compileSegments(yaml, file, mine),
    fields: compileFields(yaml, file, mine),
    off: file.off.flatMap((text, i) => compileException(yaml, text, i, mine) ?? []),
  };
  problems.push(...mine);
  return hasErrors(mine) ? undefined : own;
}

function compileSegments(yaml: YamlFile, file: ProfileFile, problems: Problem[]): Own['segments'] {
  for (const name of Object.keys(file.segments)) {
    if (isSegment(name)) continue;
    const says = `HL7 has no segment ${name} (local segments begin with Z)`;
    problems.push(yaml.problem(['segments', name], 'unknown-segment', says, { key: true }));
  }
  return new Map(Object.entries(file.segments));
}

function isSegment(name: string): boolean {
  return /^Z[A-Z0-9]{2}$/.test(name) || segmentDefinition(NEWEST_VERSION, name) !== undefined;
}

function compileFields(yaml: YamlFile, file: ProfileFile, problems: Problem[]): Own['fields'] {
  const fields = new Map<string, FieldRule>();
  for (const [text, says] of Object.entries(file.fields)) {
    const rule = compileField(yaml, text, says, problems);
    if (rule !== undefined) fields.set(text, rule);
  }
  return fields;
}

function compileField(
  yaml: YamlFile,
  text: string,
  says: ProfileField,
  problems: Problem[],
): FieldRule | undefined {
  const place = ['fields', text];
  const add = (key: string, rule: string, problem: string, offset?: number) =>
    problems.push(
      yaml.problem([...place, key], rule, problem, offset === undefined ? { key: true } : { offset }),
    );
  const file = { yaml, problems, accepts: undefined };
  const path = pathAt(file, place);
  const when = says.when === undefined ? undefined : compileAt(file, [...place, 'when'], 'bool');
  if (path === undefined) return undefined;
  if (!text.startsWith(path.segment)) {
    add('', 'bad-path', 'expected a path that begins with a segment, found one through groups');
  }
  if (Object.keys(says).every((key) => key === 'when')) {
    add(
      'when',
      'missing-key',
      'expected something that must hold then: required, codes, max_length, pattern or system',
    );
  }
  if (says.system !== undefined && path.component !== undefined) {
    add(
      'system',
      'wrong-value',
      'expected a path to a whole field: its third component names the coding system',
    );
  }
  const compiled = says.pattern === undefined ? undefined : compilePattern(says.pattern);
  if (compiled !== undefined && 'problem' in compiled) add('pattern', 'bad-pattern', compiled.problem, 0);
  return {
    path: text.startsWith(`${path.segment}[`) ? path : { ...path, index: '*' },
    place: formatPath({ ...path, index: 1, repetition: undefined }),
    required: says.required === true,
    when,
    codes: says.codes && new Set(says.codes),
    systems: says.system === undefined ? undefined : new Set([says.system].flat()),
    max_length: says.max_length,
    pattern: compiled !== undefined && 'pattern' in compiled ? compiled.pattern : undefined,
  };
}

const PLACE = /^([A-Z][A-Z0-9]{2})(?:-([1-9]\d{0,5})(?:\.[1-9]\d{0,5}){0,2})?$/;

/** `too-long`, or `not-in-table PV1-18`. */
function compileException(
  yaml: YamlFile,
  text: string,
  i: number,
  problems: Problem[],
): Exception | undefined {
  const add = (rule: string, says: string): undefined => {
    problems.push(yaml.problem(['off', i], rule, says));
    return undefined;
  };
  const [rule = '', at, ...rest] = text.split(' ');
  const known = Object.keys(rules).filter((name) => !name.startsWith('profile-'));
  if (!known.includes(rule)) return add('unknown-rule', unknown('rule', rule, known));
  if (at === undefined) return { rule: rule as Rule, at };
  const [, segment = '', field] = PLACE.exec(at) ?? [];
  if (segment === '' || rest.length > 0) {
    return add(
      'bad-path',
      `expected a rule and a place such as "${rule} PV1-18", found "${text.slice(0, 60)}"`,
    );
  }
  if (!isSegment(segment)) return add('unknown-segment', `HL7 has no segment ${segment}`);
  const isField = field === undefined || segment.startsWith('Z');
  if (!isField && fieldDefinition(NEWEST_VERSION, segment, Number(field)) === undefined) {
    return add('unknown-field', `HL7 ${NEWEST_VERSION} has no field ${segment}-${field}`);
  }
  return { rule: rule as Rule, at };
}

/**
 * A profile with all that it extends. Undefined where one of them has problems. A file tells of a base that is missing, and
 * each one in a circle tells of the circle.
 */
function withBases(
  name: string,
  owns: ReadonlyMap<string, Own | undefined>,
  problems: Problem[],
): Profile | undefined {
  const chain: Own[] = [];
  for (let next: string | undefined = name; next !== undefined; ) {
    const own = owns.get(next);
    if (own === undefined) return undefined;
    const { yaml, file } = own;
    chain.push(own);
    next = file.extends;
    if (next !== undefined && !owns.has(next)) {
      const says = unknown('profile', next, owns.keys());
      if (chain.length === 1) problems.push(yaml.problem(['extends'], 'unknown-profile', says));
      return undefined;
    }
    if (chain.some((each) => each.file.profile === next)) {
      if (next === name) {
        const road = [...chain.map((each) => each.file.profile), name].join(' → ');
        problems.push(
          chain[0]!.yaml.problem(['extends'], 'extends-circle', `a profile can't extend itself: ${road}`),
        );
      }
      return undefined;
    }
  }
  // From the outermost base inward, so that the nearer one has the last word.
  const inward = chain.toReversed();
  const fields = new Map(inward.flatMap((own) => [...own.fields]));
  return {
    name,
    description: chain[0]!.file.description,
    segments: new Map(inward.flatMap((own) => [...own.segments])),
    fields: [...fields.values()],
    off: inward.flatMap((own) => own.off),
  };
}
