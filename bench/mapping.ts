/** Compiling the mappings, reading, mapping and validating alone, in a process of its own: no sockets, no store. */

import { loadConfiguration } from '../src/config/load.ts';
import { readDefinitions } from '../src/fhir/definitions.ts';
import { createThoroughValidator, createValidator, type Validator } from '../src/fhir/validate.ts';
import { decode } from '../src/hl7/charset.ts';
import { readHeader } from '../src/hl7/header.ts';
import { readMessage } from '../src/hl7/message.ts';
import { compileMappings } from '../src/mapping/compile.ts';
import { readMappingFiles } from '../src/mapping/load.ts';
import { registry } from '../src/registry.ts';
import { serve } from './child.ts';
import { createFeed } from './feed.ts';
import type { Only } from './works.ts';

/** Messages that are mapped again and again. */
const MESSAGES = 1000;

/** Messages whose resources are validated again and again. */
const VALIDATED = 50;

const WARM_UP_MS = 1000;

/** The repository, whose mappings are those that ship. */
const SHIPPED = new URL('../', import.meta.url).pathname;

/** What it takes. */
export interface MappingTime {
  /** CPU time, so that what else the machine does is not in it. */
  readonly us_a_message: number;
  readonly resources_a_message: number;
  /** All shipped mapping files compiled, in a process that has compiled none before. */
  readonly compile_ms: number;
  /** One resource of these messages validated. */
  readonly validate_us: number;
  /** The same by `validateResource` of @medplum/core. */
  readonly validate_resource_us: number;
}

const answers = {
  async measure({ site, only, ms }: { site: string; only: Only; ms: number }): Promise<MappingTime> {
    const definitions = readDefinitions();
    const files = readMappingFiles(SHIPPED);
    const begun = performance.now();
    compileMappings(files, definitions);
    const compile_ms = performance.now() - begun;
    const configuration = await loadConfiguration(site, { registry, definitions });
    const mapping = configuration.mappings.get('v2-to-fhir')!;
    const { tenant, time_zone } = configuration.site;
    const feed = createFeed(only, 1);
    const messages = Array.from({ length: MESSAGES }, () => feed(0).subarray(1, -2));
    let resources = 0;
    const runOne = (bytes: Uint8Array) => {
      const message = readMessage(decode(bytes, readHeader(bytes).charset).text);
      return mapping.run(message, { tenant, time_zone });
    };
    const mapAll = (): void => {
      for (const bytes of messages) resources += runOne(bytes).entries.length;
    };
    repeat(mapAll, WARM_UP_MS);
    resources = 0;
    mapAll();
    const resources_a_message = resources / MESSAGES;
    const us_a_message = repeat(mapAll, ms) / MESSAGES;
    const made = messages.slice(0, VALIDATED).flatMap((bytes) => runOne(bytes).entries);
    const validated = (validate: Validator): number => {
      const all = () => {
        for (const { resource } of made) validate(resource);
      };
      repeat(all, WARM_UP_MS);
      return repeat(all, ms) / made.length;
    };
    return {
      us_a_message,
      resources_a_message,
      compile_ms,
      validate_us: validated(createValidator(definitions)),
      validate_resource_us: validated(createThoroughValidator()),
    };
  },
  stop: () => {},
};

/** Does `work` again and again for so long; gives the CPU time of once, in microseconds. */
function repeat(work: () => void, ms: number): number {
  const before = process.cpuUsage();
  const end = performance.now() + ms;
  let passes = 0;
  for (; performance.now() < end; passes++) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / passes;
}

/** What the mapping's process answers. */
export type MappingAnswers = typeof answers;

serve(answers);
