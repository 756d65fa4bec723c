/** Reading and mapping alone, in a process of its own: no sockets, no store. */

import { loadConfiguration } from '../src/config/load.ts';
import { readDefinitions } from '../src/fhir/definitions.ts';
import { decode } from '../src/hl7/charset.ts';
import { readHeader } from '../src/hl7/header.ts';
import { readMessage } from '../src/hl7/message.ts';
import { registry } from '../src/registry.ts';
import { serve } from './child.ts';
import { createFeed } from './feed.ts';
import type { Only } from './works.ts';

/** Messages that are mapped again and again. */
const MESSAGES = 1000;

const WARM_UP_MS = 1000;

/** What it takes. */
export interface MappingTime {
  /** CPU time, so that what else the machine does is not in it. */
  readonly us_a_message: number;
  readonly resources_a_message: number;
}

const answers = {
  async measure({ site, only, ms }: { site: string; only: Only; ms: number }): Promise<MappingTime> {
    const configuration = await loadConfiguration(site, { registry, definitions: readDefinitions() });
    const mapping = configuration.mappings.get('v2-to-fhir')!;
    const { tenant, time_zone } = configuration.site;
    const feed = createFeed(only, 1);
    const messages = Array.from({ length: MESSAGES }, () => feed(0).subarray(1, -2));
    let resources = 0;
    const mapAll = (): void => {
      for (const bytes of messages) {
        const message = readMessage(decode(bytes, readHeader(bytes).charset).text);
        resources += mapping.run(message, { tenant, time_zone }).entries.length;
      }
    };
    /** Maps for so long; gives the CPU time of one message. */
    const repeat = (ms: number): number => {
      const before = process.cpuUsage();
      const end = performance.now() + ms;
      let passes = 0;
      for (; performance.now() < end; passes++) mapAll();
      const { user, system } = process.cpuUsage(before);
      return (user + system) / (passes * MESSAGES);
    };
    repeat(WARM_UP_MS);
    resources = 0;
    mapAll();
    return { resources_a_message: resources / MESSAGES, us_a_message: repeat(ms) };
  },
  stop: () => {},
};

/** What the mapping's process answers. */
export type MappingAnswers = typeof answers;

serve(answers);
