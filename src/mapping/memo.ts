/**
 * Codes, units and authorities come again from message to message: what a data-type map makes of one is kept, and shared by all outputs (so it is
 * frozen). A fifth of a result's time goes into them otherwise.
 */

import type { Compiler, Convert, Declared } from './compiler.ts';
import { deepFreeze } from './constant.ts';
import { conversions } from './conversions.ts';
import type { TypeFile } from './schema.ts';

/** What is worth keeping: the codes of a sender are some thousands, its names and numbers are endless. */
const KEPT = ['CodeableConcept', 'Coding', 'code', 'uri'];
const LONGEST = 200;
const MOST_VALUES = 5_000;
const MOST_SENDERS = 50;

/** `convert`, or one that does it once for each text of a sender, where the map of `content` reads nothing else. */
export function remembered(compiler: Compiler, content: TypeFile, convert: Convert): Convert {
  if (!readsOnlyItself(compiler, content)) return convert;
  const bySender = new Map<string, Map<string, unknown>>();
  return (here, raw) => {
    const { run } = here;
    let known = bySender.get(run.sender);
    if (known === undefined) {
      if (bySender.size >= MOST_SENDERS) bySender.clear();
      known = new Map();
      bySender.set(run.sender, known);
    }
    const kept = known.get(raw);
    if (kept !== undefined) return kept;
    const before = run.warnings.length;
    const made = convert(here, raw);
    if (made !== undefined && raw.length <= LONGEST && run.warnings.length === before) {
      if (known.size >= MOST_VALUES) known.clear();
      known.set(raw, deepFreeze(made));
    }
    return made;
  };
}

/** Beside the piece at hand, only what {@link Run.sender} holds counts: no other field, no zone, no other resource. */
function readsOnlyItself(compiler: Compiler, content: TypeFile, above: readonly TypeFile[] = []): boolean {
  if (!KEPT.includes(content.to) || content.identity !== undefined) return false;
  if (above.includes(content)) return true;
  const text = JSON.stringify(content.rules);
  if (/"(?:ref|each)":/.test(text)) return false;
  const places = text.match(/\b[A-Z][A-Z0-9]{2}(?:\[[^\]]*\])?-\d+/g) ?? [];
  if (places.some((place) => place !== 'MSH-3' && place !== 'MSH-4')) return false;
  return namedConversions(content.rules).every((name) => {
    const maps = compiler.types.get(name);
    if (maps === undefined) return !('time' in (conversions[name] ?? {}));
    return [...maps.values()].every(
      (inner: Declared<TypeFile>) =>
        !KEPT.includes(inner.content.to) || readsOnlyItself(compiler, inner.content, [...above, content]),
    );
  });
}

/** What stands behind `as`, at any depth. */
function namedConversions(rules: unknown): string[] {
  if (typeof rules !== 'object' || rules === null) return [];
  return Object.entries(rules).flatMap(([key, inner]) =>
    key === 'as' && typeof inner === 'string' ? [inner] : namedConversions(inner),
  );
}
