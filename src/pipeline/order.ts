/** What the order of messages hangs on, and the numbers by which people look for messages. Pure; values are PHI. */
import { leaf, type Message, type Segment } from '../hl7/message.ts';
import { isNull } from '../hl7/parts.ts';

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
      return ORDER_NUMBERS.map(([name, field]) => firstKey(message, name, field, 2)).find(Boolean);
    case 'channel':
      return 'channel';
    case 'none':
      return undefined;
  }
}

/** Every patient, visit and order number of the message, without authority, each once. */
export function searchKeys(message: Message): SearchKey[] {
  const keys = new Map<string, SearchKey>();
  const add = (kind: SearchKey['kind'], name: string, field: number) => {
    for (const place of message.all(name).flatMap((segment) => placesOf(message, segment, field))) {
      const value = place(1);
      if (value !== '') keys.set(`${kind} ${value}`, { kind, value });
    }
  };
  add('patient', 'PID', 3);
  add('patient', 'PID', 2);
  add('visit', 'PV1', 19);
  for (const [name, field] of ORDER_NUMBERS) add('order', name, field);
  return [...keys.values()];
}

function patientKey(message: Message): string | undefined {
  const numbers = placesIn(message, 'PID', 3).filter((place) => place(1) !== '');
  const number = numbers.find((place) => place(5) === 'MR') ?? numbers[0];
  return number === undefined ? firstKey(message, 'PID', 2, 4) : `${number(1)}^${number(4)}`;
}

/** `number^authority` of the first repetition that has a number (CX: authority in component 4, EI: in 2). */
function firstKey(message: Message, name: string, field: number, authority: number): string | undefined {
  const number = placesIn(message, name, field).find((place) => place(1) !== '');
  return number && `${number(1)}^${number(authority)}`;
}

/** One repetition of a field: its components by number, `''` where there is none. */
type Place = (component: number) => string;

/** The repetitions of a field in the first segment of that name. */
function placesIn(message: Message, name: string, field: number): Place[] {
  const segment = message.first(name);
  return segment === undefined ? [] : placesOf(message, segment, field);
}

function placesOf(message: Message, segment: Segment, field: number): Place[] {
  return segment.repetitions(field).map((raw) => (component) => {
    const value = message.unescape(leaf(raw, message.delimiters, component)).trim();
    return isNull(value) ? '' : value;
  });
}
