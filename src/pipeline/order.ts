/** What the order of messages hangs on, and the numbers by which people look for messages. Pure; values are PHI. */
import type { Message } from '../hl7/message.ts';
import { part } from '../hl7/parts.ts';

/** Messages with the same key keep their order. `channel`: all of the channel's messages; `none`: no order at all. */
export type Order = 'patient' | 'visit' | 'order' | 'channel' | 'none';

/** A number by which a message can be found. */
export interface SearchKey {
  readonly kind: 'patient' | 'visit' | 'order';
  readonly value: string;
}

/** Where placer and filler numbers of orders stand, by how far they can be trusted to stay the same. */
const ORDER_NUMBERS = [
  ['ORC', 2],
  ['ORC', 3],
  ['OBR', 2],
  ['OBR', 3],
] as const;

/**
 * The key as text, `number^authority`; undefined where the message has none, and for `none`. It is PHI: only its
 * keyed hash may leave the engine.
 * - patient: the medical record number of PID-3 (CX-5 `MR`), else its first number, else PID-2.
 * - visit: PV1-19.
 * - order: the first placer or filler number (ORC-2, ORC-3, OBR-2, OBR-3).
 */
export function orderKeyOf(message: Message, order: Order): string | undefined {
  switch (order) {
    case 'patient':
      return patientKey(message);
    case 'visit':
      return firstKey(message, 'PV1', 19, 4);
    case 'order':
      return firstOf(ORDER_NUMBERS, ([segment, field]) => firstKey(message, segment, field, 2));
    case 'channel':
      return 'channel';
    case 'none':
      return undefined;
  }
}

/** Every patient, visit and order number of the message, without authority, each once. */
export function searchKeys(message: Message): SearchKey[] {
  const keys = new Map<string, SearchKey>();
  const add = (kind: SearchKey['kind'], segment: string, field: number) => {
    for (const raw of message.all(segment).flatMap((found) => found.repetitions(field))) {
      const value = component(message, raw, 1);
      if (value !== '') keys.set(`${kind} ${value}`, { kind, value });
    }
  };
  add('patient', 'PID', 3);
  add('patient', 'PID', 2);
  add('visit', 'PV1', 19);
  for (const [segment, field] of ORDER_NUMBERS) add('order', segment, field);
  return [...keys.values()];
}

function patientKey(message: Message): string | undefined {
  const numbers = message.first('PID')?.repetitions(3) ?? [];
  const record = numbers.find(
    (raw) => component(message, raw, 5) === 'MR' && component(message, raw, 1) !== '',
  );
  return (
    firstOf(record === undefined ? numbers : [record], (raw) => key(message, raw, 4)) ??
    firstKey(message, 'PID', 2, 4)
  );
}

/** The key in the first valued repetition of a field of the first segment of that name. */
function firstKey(message: Message, segment: string, field: number, authority: number): string | undefined {
  return firstOf(message.first(segment)?.repetitions(field) ?? [], (raw) => key(message, raw, authority));
}

/** `number^authority` of one repetition (CX: authority in component 4, EI: in 2). */
function key(message: Message, raw: string, authority: number): string | undefined {
  const number = component(message, raw, 1);
  return number === '' ? undefined : `${number}^${component(message, raw, authority)}`;
}

/** First subcomponent of a component. `""` means "none" in HL7, so it is none. */
function component(message: Message, raw: string, n: number): string {
  const { component: separator, subcomponent } = message.delimiters;
  const text = part(part(raw, separator, n), subcomponent, 1).trim();
  return text === '""' ? '' : text;
}

function firstOf<In, Out>(items: readonly In[], find: (item: In) => Out | undefined): Out | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
