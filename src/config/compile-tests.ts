/** The tests of a channel file: message files, error codes and systems looked up. `tests.ts` runs them. */
import { errors } from '../errors.ts';
import type { Place } from '../yaml.ts';
import type { ChannelFile, ChannelTest, Expectation } from './channel.ts';
import { type Draft, unknown } from './draft.ts';

type FileExpectation = ChannelFile['tests'][number]['expect'];

/** All tests; what is wrong with them is added to the problems. */
export function compileTests({ yaml, file, around, problems }: Draft): ChannelTest[] {
  const targets = new Set(file.route.map((route) => route.to));
  return file.tests.map((test, i) => {
    const add = (place: Place, rule: string, says: string, key = false) =>
      problems.push(yaml.problem(['tests', i, ...place], rule, says, { key }));
    if (!around.exists(test.in)) add(['in'], 'missing-file', `there is no file "${test.in}"`);
    const { filtered, error, at, ...outputs } = test.expect;
    const systems = Object.keys(outputs);
    const kinds = [filtered, error, systems[0]].filter((kind) => kind !== undefined);
    if (kinds.length !== 1 || (at !== undefined && error === undefined)) {
      add(['expect'], 'wrong-value', 'expected "filtered: true", an "error" (and "at"), or systems', true);
    }
    if (error !== undefined && !Object.hasOwn(errors, error)) {
      add(['expect', 'error'], 'unknown-error', unknown('error code', error, Object.keys(errors)));
    }
    for (const system of systems.filter((name) => !targets.has(name))) {
      add(['expect', system], 'unknown-system', unknown('route to', system, targets), true);
    }
    return { channel: file.channel, in: test.in, expect: expectationOf(test.expect) };
  });
}

function expectationOf({ filtered, error, at, ...outputs }: FileExpectation): Expectation {
  if (filtered === true) return { kind: 'filtered' };
  if (error !== undefined) return { kind: 'error', code: error, at };
  return { kind: 'outputs', outputs: outputs as Record<string, string | false> };
}
