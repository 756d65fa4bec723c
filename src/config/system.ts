/** `systems/*.yaml`: one remote system each. */
import Type, { type Static, type TObject } from 'typebox';
import type { DestinationDefinition } from '../component.ts';
import type { Problem } from '../problem.ts';
import { checkShape, withDefaults, type YamlFile } from '../yaml.ts';
import type { System } from './configuration.ts';
import { componentOptions, lanes, name } from './options.ts';
import { referenceProblems } from './reference.ts';

/** Keys of a channel test's `expect`, which also takes names of systems. */
const RESERVED_NAMES = ['filtered', 'error', 'at'];

/** Options of a system file that don't hang on the kind of destination. */
const common = {
  system: name('Name of the system, as routes use it.'),
  description: Type.String({ description: 'What it is, in a sentence.' }),
  lanes: lanes('deliveries to it'),
  unanswered: Type.Enum(['resend', 'hold'], {
    default: 'resend',
    description:
      'What to do with a delivery that was sent and got no answer: send it again (the receiver must know a repetition), or hold it for a person.',
  }),
  retry: Type.Object(
    {
      first_ms: Type.Integer({ default: 1000, minimum: 1, description: 'Wait before the second attempt.' }),
      most_ms: Type.Integer({
        default: 300_000,
        minimum: 1,
        description: 'Longest wait; waits double until they reach it.',
      }),
    },
    {
      default: {},
      additionalProperties: false,
      description: 'When an attempt that failed for now is repeated.',
    },
  ),
};

const commonSchema = Type.Object(common);

/** Options of a system file; exactly one of the kinds of destination is a key. */
export function systemSchema(destinations: readonly DestinationDefinition[]): TObject {
  return Type.Object(
    { ...common, ...componentOptions(destinations) },
    { additionalProperties: false, title: 'systems/*.yaml' },
  );
}

/** Checks a system file; `system` is absent when it can't be used. */
export function compileSystem(
  yaml: YamlFile,
  destinations: readonly DestinationDefinition[],
): { system?: System; problems: Problem[] } {
  const schema = systemSchema(destinations);
  const problems = [...yaml.problems];
  if (problems.length === 0) problems.push(...checkShape(schema, yaml));
  if (problems.length > 0) return { problems };
  const file = withDefaults(schema, yaml.value) as Static<typeof commonSchema> & Record<string, unknown>;
  const { system: name, description, lanes, unanswered, retry } = file;
  const [definition, ...others] = destinations.filter((destination) => destination.type in file);
  if (definition === undefined || others.length > 0) {
    const known = destinations.map((destination) => destination.type).join(', ');
    const says = `expected exactly one of the keys ${known}`;
    return { problems: [yaml.problem(['system'], 'kind-of-destination', says, { key: true })] };
  }
  if (RESERVED_NAMES.includes(name)) {
    problems.push(yaml.problem(['system'], 'reserved-name', `"${name}" has a meaning of its own in tests`));
  }
  if (retry.first_ms > retry.most_ms) {
    problems.push(yaml.problem(['retry', 'first_ms'], 'wrong-value', '"first_ms" must be at most most_ms'));
  }
  problems.push(...referenceProblems(yaml, [definition.type]));
  if (problems.length > 0) return { problems };
  const options = file[definition.type] as Record<string, unknown>;
  const destination = { definition, options };
  const takes = definition.takes(options);
  return {
    system: { name, description, file: yaml.file, destination, takes, lanes, unanswered, retry },
    problems,
  };
}
