/** A channel file made ready to run: steps and routes compiled, names looked up, all problems collected. */
import { prepareValidation } from '../hl7/validate.ts';
import { parseMessagePattern, parseVersions } from '../pipeline/accept.ts';
import type { Channel } from '../pipeline/channel.ts';
import type { Validation } from '../pipeline/validation.ts';
import { hasErrors, type Problem } from '../problem.ts';
import { checkShape, withDefaults, type YamlFile } from '../yaml.ts';
import { type ChannelFile, type ChannelTest, channelSchema } from './channel.ts';
import { compileAck } from './compile-ack.ts';
import { compileRoutes } from './compile-routes.ts';
import { compileSteps } from './compile-steps.ts';
import { compileTests } from './compile-tests.ts';
import { type Draft, type Surroundings, unknown } from './draft.ts';
import { timeZoneProblems } from './options.ts';
import { referenceProblems } from './reference.ts';

/** What came of a channel file; `channel` is absent when it can't be used. */
export interface CompiledChannel {
  readonly channel?: Channel;
  readonly tests: readonly ChannelTest[];
  readonly problems: readonly Problem[];
}

/** Checks and compiles a channel file. */
export function compileChannel(yaml: YamlFile, around: Surroundings): CompiledChannel {
  const schema = channelSchema(around.sources);
  const problems = [...yaml.problems];
  if (problems.length === 0) problems.push(...checkShape(schema, yaml));
  if (problems.length > 0) return { tests: [], problems };
  const file = withDefaults(schema, yaml.value) as ChannelFile;
  const accepts = file.accept.messages.map(parseMessagePattern);
  const draft: Draft = { yaml, file, accepts, around, problems };
  const channel: Channel = {
    name: file.channel,
    description: file.description,
    file: yaml.file,
    source: compileSource(draft),
    accept: {
      messages: accepts,
      versions: parseVersions(file.accept.versions),
      charset: file.accept.charset,
      validation: compileValidation(draft),
    },
    time_zone: file.time_zone,
    offset_from: file.offset_from,
    ack: compileAck(draft),
    order: file.order,
    lanes: file.lanes,
    lift_from_bytes: file.lift_from_bytes,
    steps: compileSteps(draft),
    routes: compileRoutes(draft),
  };
  if (file.time_zone !== undefined) problems.push(...timeZoneProblems(yaml, ['time_zone'], file.time_zone));
  const tests = compileTests(draft);
  return hasErrors(problems) ? { tests: [], problems } : { channel, tests, problems };
}

/** The shape allows exactly one kind of source. */
function compileSource({ yaml, file, around, problems }: Draft): Channel['source'] {
  const definition = around.sources.find(({ type }) => type in file.source)!;
  problems.push(...referenceProblems(yaml, ['source', definition.type]));
  return { definition, options: file.source[definition.type]! };
}

function compileValidation({ yaml, file, around, problems }: Draft): Validation | undefined {
  const { validate, profile: name } = file.accept;
  const add = (rule: string, says: string) => problems.push(yaml.problem(['accept', 'profile'], rule, says));
  if (name !== undefined && validate === 'off') {
    add('wrong-value', 'a profile needs "validate: warn" or "validate: reject" beside it');
  }
  if (name !== undefined && !around.profiles.has(name)) {
    add('unknown-profile', unknown('profile', name, around.profiles.keys()));
  }
  if (validate === 'off') return undefined;
  prepareValidation();
  return { mode: validate, profile: name === undefined ? undefined : around.profiles.get(name) };
}
