/**
 * Application acknowledgements that go to a system of their own: a debt, kept with the message from its intake on, and paid
 * as a delivery when the message was processed or delivered. What a crash left unpaid is found by looking.
 */
import { decode } from '../hl7/charset.ts';
import { readHeader } from '../hl7/header.ts';
import type { Log } from '../log.ts';
import { applicationStage, wanted, wants } from '../pipeline/acknowledge.ts';
import type { Channel } from '../pipeline/channel.ts';
import type { Keyring } from '../security/keys.ts';
import {
  type ApplicationAnswer,
  type OwingMessage,
  owingAmong,
  owingMessages,
  readStandings,
  recordAnswers,
  takeOwing,
} from '../store/acknowledgements.ts';
import type { Writer } from '../store/audit.ts';
import { asStoreError, type Pool } from '../store/database.ts';
import { type NewDelivery, storeDeliveries } from '../store/deliveries.ts';
import { readPayloads } from '../store/payloads.ts';
import { applicationAnswer } from './answer.ts';
import { asProblem } from './fault.ts';
import { createGroup } from './group.ts';
import { failure, type Verdict, verdictOf } from './verdict.ts';

/** What paying debts works with. */
export interface OwedOptions {
  readonly pool: Pool;
  readonly writer: Writer;
  readonly keyring: Keyring;
  readonly log: Log;
  readonly now: () => Date;
  readonly channels: readonly Channel[];
  /** How many lanes a destination has. */
  readonly lanesOf: (destination: string) => number;
  /** A delivery was committed into this lane of the destination. */
  readonly wake: (destination: string, lane: number) => void;
}

/** Pays what is owed. */
export interface Owed {
  /** Something of a message of this channel was committed. Costs nothing where its channel owes nothing to a system. */
  changed(channel: string, message_id: number): void;
  stop(): Promise<void>;
}

/** How often unpaid debts are looked for, beside those that are announced. */
const LOOK_EVERY_MS = 15_000;

/** Debts that are paid in one transaction. */
const MOST_A_COMMIT = 128;

/** A message whose acknowledgement is due now. */
interface Debt {
  readonly message: OwingMessage;
  readonly channel: Channel;
  readonly verdict: Verdict;
}

/** How a debt is settled. */
interface Payment {
  readonly message: OwingMessage;
  readonly verdict: Verdict;
  /** Undefined where the sender wants no acknowledgement of such an outcome. */
  readonly delivery: NewDelivery | undefined;
}

/** Looks for what an earlier run left unpaid once it is made, and then now and then. */
export function startOwed(options: OwedOptions): Owed {
  const { pool, log } = options;
  const debtors = new Map(
    options.channels
      .filter(({ ack }) => ack.application_to !== undefined)
      .map((channel) => [channel.name, channel]),
  );
  const group = createGroup<number, void>({
    flush: async (ids) => {
      await pay(options, debtors, [...new Set(ids)]).catch(wait);
      return [];
    },
    weigh: () => 1,
    most: MOST_A_COMMIT,
  });
  const underWay = new Set<Promise<void>>();

  /** The debts stay where they are. */
  const wait = (error: unknown): void =>
    log.warn('application ACKs wait', { reason: (asStoreError(error) as Error).message });
  const run = (work: Promise<void>): void => {
    const settled = work.catch(wait).finally(() => underWay.delete(settled));
    underWay.add(settled);
  };
  const look = async (): Promise<void> => {
    for (let after = 0; ; ) {
      const ids = await owingMessages(pool, [...debtors.keys()], after, MOST_A_COMMIT);
      await Promise.all(ids.map((id) => group.add(id)));
      if (ids.length < MOST_A_COMMIT) return;
      after = ids.at(-1)!;
    }
  };
  if (debtors.size > 0) run(look());
  const timer = debtors.size === 0 ? undefined : setInterval(() => run(look()), LOOK_EVERY_MS);

  return {
    changed(channel, message_id) {
      if (debtors.has(channel)) run(group.add(message_id));
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}

/** Pays for those of the messages that owe and have come as far as their channel says. */
async function pay(
  options: OwedOptions,
  debtors: ReadonlyMap<string, Channel>,
  ids: readonly number[],
): Promise<void> {
  const { pool, writer, now } = options;
  const owing = await owingAmong(pool, ids);
  if (owing.length === 0) return;
  const standings = await readStandings(
    pool,
    owing.map(({ id }) => id),
  );
  const due = owing.flatMap((message): Debt[] => {
    const channel = debtors.get(message.channel);
    const standing = standings.get(message.id);
    const verdict = channel && standing && verdictOf(standing, applicationStage(channel.ack));
    return channel === undefined || verdict === undefined ? [] : [{ message, channel, verdict }];
  });
  const sealed = await readPayloads(
    pool,
    due.map(({ message }) => ({ message_id: message.id, kind: 'message', owner: 0 })),
  );
  const payments = await Promise.all(due.map((debt, i) => paymentOf(options, debt, sealed[i])));
  if (payments.length === 0) return;
  const deliveries = await writer.run(async (transaction) => {
    const free = await takeOwing(
      transaction,
      payments.map(({ message }) => message.id),
    );
    const ours = payments.filter(({ message }) => free.has(message.id));
    const stored = ours.flatMap(({ delivery }) => delivery ?? []);
    const numbers = (await storeDeliveries(transaction, stored, now())).values();
    const answers = ours.map(({ message, verdict, delivery }): ApplicationAnswer => {
      const number = delivery && numbers.next().value;
      return {
        ...{ message_id: message.id, code: delivery ? verdict.code : '', at: now() },
        ...{ error: verdict.problem?.code, way: delivery && 'delivery', delivery: number },
      };
    });
    if (answers.length > 0) await recordAnswers(transaction, answers);
    for (const { message_id, code, delivery } of answers) {
      const done = delivery === undefined ? 'no application ACK wanted' : `answered ${code} by delivery`;
      transaction.audit('message', message_id, done);
      if (delivery !== undefined) transaction.audit('delivery', delivery, 'pending');
    }
    return stored;
  });
  for (const { destination, lane } of deliveries) options.wake(destination, lane);
}

/** A message that can't be read back is settled without an acknowledgement: it must not keep the others from theirs. */
async function paymentOf(options: OwedOptions, debt: Debt, sealed: Buffer | undefined): Promise<Payment> {
  const { message } = debt;
  try {
    const delivery = await deliveryOf(options, debt, sealed ?? Buffer.alloc(0));
    return { message, verdict: debt.verdict, delivery };
  } catch (error) {
    return { message, verdict: failure(asProblem(error, options.log)), delivery: undefined };
  }
}

/** The acknowledgement keeps the place of its message in the order: their keys are the same. */
async function deliveryOf(
  { keyring, lanesOf }: OwedOptions,
  { message, channel, verdict }: Debt,
  sealed: Buffer,
): Promise<NewDelivery | undefined> {
  const { charset } = channel.accept;
  const header = readHeader(keyring.open('message', sealed), charset);
  const want = wanted(channel.ack, header);
  if (want === undefined || !wants(want.application, verdict.code === 'AA')) return undefined;
  const problems = verdict.problem === undefined ? [] : [verdict.problem];
  const bytes = applicationAnswer(header, message, verdict.code, problems, 'AL');
  const destination = channel.ack.application_to!;
  return {
    message_id: message.id,
    event_number: undefined,
    sealed: await keyring.seal('delivery', Buffer.from(decode(bytes, header.charset, charset).text)),
    destination,
    lane: (message.order_key?.readUInt16BE(0) ?? message.id) % lanesOf(destination),
    order_key: message.order_key,
    write_types: undefined,
  };
}
