/** How the tests run the kit: small sizes, short waits. */
import type { Result, Settings } from '../../src/torture/run.ts';
import { torture } from '../../src/torture/run.ts';
import type { Scale } from '../../src/torture/scale.ts';
import { ownTemplate } from '../../src/torture/template.ts';

/** As small as the cases still tell something. */
export const SMALL: Scale = {
  text_bytes: [16 * 1024, 64 * 1024],
  document_bytes: 256 * 1024,
  segments: 300,
  oversized_bytes: 3 * 1024 * 1024,
  slow_ms: 500,
  idle_ms: 500,
  connections: 30,
  churn: 30,
  flood: 160,
  unread: 200,
  quiet_ms: 100,
  resend_ms: 10_000,
};

/** Settings with the kit's own message. */
export function settings(more: Partial<Settings>): Settings {
  return {
    ...{ target: undefined, feed: undefined, receiver: undefined, restart: undefined },
    template: ownTemplate({
      version: '2.5.1',
      sending: 'TORTURE^TEST',
      receiving: 'RECEIVER^TEST',
      processing_id: 'T',
    }),
    timeout_ms: 5000,
    scale: SMALL,
    seed: 1,
    run: 'TTEST',
    only: [],
    interrupted: new AbortController().signal,
    ...more,
  };
}

/** All results, by `group/case`. */
export async function resultsOf(chosen: Settings): Promise<ReadonlyMap<string, Result>> {
  const results = new Map<string, Result>();
  for await (const result of torture(chosen)) results.set(`${result.one.group}/${result.one.id}`, result);
  return results;
}
