/** Messages on their way through an engine: into its feed, and out to where the kit listens. */
import type { CaseContext } from './case.ts';
import type { Message } from './message.ts';
import type { Arrival, KitReceiver } from './receiver.ts';
import { shown } from './shown.ts';
import { failed, info, type Verdict } from './verdict.ts';
import type { Line } from './wire.ts';

/** A case's messages on their way through the engine. */
export interface Journey {
  readonly messages: readonly Message[];
  readonly receiver: KitReceiver;
  readonly feed: Line;
  readonly resend_ms: number;
}

/** Puts messages into the feed. Their answers there are not waited for: they may come after ours. */
export async function send(context: CaseContext, messages: readonly Message[]): Promise<Journey> {
  const receiver = context.receiver!;
  receiver.watch(messages.map(({ control_id }) => control_id));
  const feed = await context.open();
  for (const { framed } of messages) await feed.write(framed);
  return { messages, receiver, feed, resend_ms: context.scale.resend_ms };
}

/** Some plain messages of one patient. */
export function several(context: CaseContext, count: number): Message[] {
  return Array.from({ length: count }, () => context.compose());
}

/** The next arrival; fails when none comes, or one that is not `messages[i]`. */
export async function arrivalOf(
  { messages, receiver, feed, resend_ms }: Journey,
  i: number,
): Promise<Arrival> {
  const arrival = await receiver.next(resend_ms);
  if (arrival === undefined) {
    const answered = await feed.poll(0);
    const said = answered === undefined ? 'no answer' : shown(answered.bytes);
    throw failed(`message ${i + 1} did not arrive within ${resend_ms} ms; the feed said ${said}`);
  }
  const which = messages.findIndex(({ control_id }) => control_id === arrival.control_id);
  if (which !== i) throw failed(`expected message ${i + 1}, ${which + 1} arrived`);
  return arrival;
}

/** Answers well. */
export function accept(arrival: Arrival): void {
  arrival.write(arrival.answer());
}

/** All from `from` on arrive, in order, and are accepted. */
export async function rest(journey: Journey, from: number): Promise<void> {
  for (let i = from; i < journey.messages.length; i++) accept(await arrivalOf(journey, i));
}

/**
 * `messages[i]` arrived and was not answered well. It has to come again before the next. When neither comes, the engine keeps it for
 * a person: it is not credited, and nothing overtakes it, so that is no fault; how to settle it, its manual says.
 */
export async function comesAgain(journey: Journey, i: number): Promise<Arrival | undefined> {
  const arrival = await journey.receiver.next(journey.resend_ms);
  if (arrival === undefined) return undefined;
  const which = journey.messages.findIndex(({ control_id }) => control_id === arrival.control_id);
  if (which === i) return arrival;
  throw failed(`message ${which + 1} came next: message ${i + 1} was credited, given up or overtaken`);
}

/** What is said when neither comes. */
export const HELD = 'neither it nor the next message came: the engine holds them for a person';

/** What a sender does after an answer that has no right or wrong to it. */
export async function whatFollows({ receiver, resend_ms }: Journey, first: Arrival): Promise<Verdict> {
  const next = await receiver.next(resend_ms);
  if (next === undefined) return info(HELD);
  accept(next);
  return info(
    next.control_id === first.control_id ? 'it came again' : 'the next message came: this one is settled',
  );
}
