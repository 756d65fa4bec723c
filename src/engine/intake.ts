/**
 * Intake: bytes in, answer out. The message is judged by its header, committed as received (many in one commit), and
 * only then answered. What is refused is kept too, as `rejected`. When the store can't be reached, the answer is AE.
 */
import { hash } from 'node:crypto';
import type { Accept, Connection } from '../component.ts';
import { errorDefinition, PipehatError } from '../errors.ts';
import { type AckProblem, buildAck } from '../hl7/ack.ts';
import { decode } from '../hl7/charset.ts';
import { type Header, readHeader } from '../hl7/header.ts';
import { type Message, readMessage } from '../hl7/message.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { refusal } from '../pipeline/accept.ts';
import type { Channel } from '../pipeline/channel.ts';
import { orderKeyOf, searchKeys } from '../pipeline/order.ts';
import type { Keyring } from '../security/keys.ts';
import type { Writer } from '../store/audit.ts';
import { findReceipts, type NewMessage, storeMessages, takeMessageIds } from '../store/messages.ts';
import { asProblem } from './fault.ts';
import { createGroup } from './group.ts';
import type { Recent } from './recent.ts';

/** A commit takes at most this many bytes of messages, and one message at least. */
const MOST_BYTES_A_COMMIT = 8 * 1024 * 1024;

/** What a message counts for beside its bytes: at most about a thousand small ones share a commit. */
const BYTES_A_ROW = 8 * 1024;

/** What intake works with. */
export interface IntakeOptions {
  readonly tenant: string;
  readonly configuration: Buffer;
  readonly keyring: Keyring;
  readonly writer: Writer;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly now: () => Date;
  /** Messages that were just committed, by id, for the channel that is woken next. */
  readonly recent: Recent<Message>;
  /** A message was committed into this lane of the channel. */
  readonly wake: (channel: string, lane: number) => void;
}

/** What became of a message in the store: its own id, or that of the first one when it was a resend. */
interface Stored {
  readonly id: number;
  readonly received_at: Date;
  readonly ack_code: string;
  readonly duplicate: boolean;
}

/** Gives each channel its `accept`. */
export function createIntake(options: IntakeOptions): (channel: Channel) => Accept {
  const { tenant, keyring, writer, metrics, log, now } = options;
  // Sealing takes its time; whoever came first has the first place in the group before it begins.
  const group = createGroup<OpenMessage, Stored>({
    flush: async (messages) => {
      const sealed = await Promise.all(messages.map(({ bytes }) => keyring.seal('message', bytes)));
      return storeOnce(
        writer,
        messages.map(({ bytes: _, ...row }, i) => ({ ...row, sealed: sealed[i]! })),
      );
    },
    weigh: (message) => message.size + BYTES_A_ROW,
    most: MOST_BYTES_A_COMMIT,
  });
  let spread = 0;

  /** Judges a message: everything about it that is stored, and the refusal where there is one. */
  function judge(channel: Channel, bytes: Uint8Array, from: Connection, received_at: Date): Judged {
    let header: Header | undefined;
    let message: Message | undefined;
    let refused: PipehatError | undefined;
    try {
      header = readHeader(bytes);
      refused = refusal(channel.accept, header);
      if (refused === undefined) message = readMessage(decode(bytes, header.charset).text);
    } catch (error) {
      if (!(error instanceof PipehatError)) throw error;
      refused = error;
    }
    const order = message === undefined ? undefined : orderHash(channel, message);
    const sha256 = hash('sha256', bytes, 'buffer');
    return {
      header,
      message,
      refused,
      row: {
        tenant,
        channel: channel.name,
        state: refused === undefined ? 'received' : 'rejected',
        lane: order === undefined ? spread++ % channel.lanes : order.readUInt16BE(0) % channel.lanes,
        order_key: order,
        control_id: header?.control_id ?? '',
        type: typeOf(header),
        structure: header?.structure ?? '',
        version: header?.version ?? '',
        sender: header === undefined ? '' : `${header.sending_application}@${header.sending_facility}`,
        receiver: header === undefined ? '' : `${header.receiving_application}@${header.receiving_facility}`,
        sha256,
        size: bytes.length,
        ...from,
        received_at,
        ack_code: refused === undefined ? 'AA' : (errorDefinition(refused.code).ack ?? 'AE'),
        warning: undefined,
        error_code: refused?.code,
        error_at: refused?.at,
        error_says: refused?.message,
        configuration: options.configuration,
        bytes,
        receipt: header && refused === undefined ? receiptOf(channel, header, sha256) : undefined,
        search:
          message === undefined ? [] : searchKeys(message).map((key) => keyring.hash(key.kind, key.value)),
      },
    };
  }

  /** A message without the key that orders its channel keeps the channel's own order. */
  function orderHash(channel: Channel, message: Message): Buffer | undefined {
    if (channel.order === 'none') return undefined;
    return keyring.hash(
      `order ${channel.order}`,
      orderKeyOf(message, channel.order) ?? `channel ${channel.name}`,
    );
  }

  function receiptOf(channel: Channel, header: Header, sha256: Buffer): NewMessage['receipt'] {
    const who = [channel.name, header.sending_application, header.sending_facility, header.control_id];
    return { control: keyring.hash('receipt', JSON.stringify(who)), content: sha256.subarray(0, 16) };
  }

  return (channel) => async (bytes, from) => {
    const started = performance.now();
    metrics.received(channel.name);
    const received_at = now();
    const { header, message, refused, row } = judge(channel, bytes, from, received_at);
    try {
      const stored = await group.add(row);
      if (refused !== undefined) {
        metrics.rejected(channel.name, refused.code);
        return answer(header, row.ack_code, stored, refused);
      }
      if (stored.duplicate) metrics.duplicate(channel.name);
      else if (message !== undefined) {
        options.recent.keep(String(stored.id), message, bytes.length);
        options.wake(channel.name, row.lane);
      }
      metrics.acknowledged(channel.name, performance.now() - started);
      return answer(header, stored.ack_code, stored, undefined);
    } catch (error) {
      const problem = asProblem(error, log);
      log.error('message not stored, answered AE', {
        channel: channel.name,
        code: problem.code,
        reason: problem.message,
      });
      metrics.rejected(channel.name, problem.code);
      return answer(header, 'AE', undefined, problem, received_at);
    }
  };
}

/** A message on its way into the store, not sealed yet. */
type OpenMessage = Omit<NewMessage, 'sealed'> & { readonly bytes: Uint8Array };

interface Judged {
  readonly header: Header | undefined;
  readonly message: Message | undefined;
  readonly refused: PipehatError | undefined;
  readonly row: OpenMessage;
}

function typeOf(header: Header | undefined): string {
  if (header === undefined) return '';
  return header.event === '' ? header.code : `${header.code}^${header.event}`;
}

/**
 * The ACK. Its control id and time come from the stored message, so that a resend gets the same bytes again. Without a
 * stored message (`received_at` is given then) it has a control id of its own.
 */
function answer(
  header: Header | undefined,
  code: string,
  stored: Stored | undefined,
  error: PipehatError | undefined,
  received_at: Date = stored!.received_at,
): Uint8Array {
  const problem: AckProblem | undefined = error && {
    code: error.code,
    says: error.message,
    condition: errorDefinition(error.code).condition ?? '207',
    at: error.at,
  };
  const control_id = stored === undefined ? `N${received_at.getTime()}` : `P${stored.id}`;
  const time = `${received_at.toISOString().replaceAll(/[-:T]|\.\d+Z$/g, '')}+0000`;
  return Buffer.from(buildAck({ header, code: code as 'AA', control_id, time, problem }), 'latin1');
}

/** SQLSTATE of a unique violation: another process stored the same message since we looked. */
const UNIQUE_VIOLATION = '23505';

/** Stores messages once; a message that is in the store already, or earlier in this list, gives the first one's answer. */
async function storeOnce(writer: Writer, messages: readonly NewMessage[]): Promise<Stored[]> {
  try {
    return await storeFresh(writer, messages);
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
    return storeFresh(writer, messages);
  }
}

function storeFresh(writer: Writer, messages: readonly NewMessage[]): Promise<Stored[]> {
  return writer.run(async (transaction) => {
    const controls = messages.flatMap((message) => message.receipt?.control ?? []);
    const [receipts, ids] = await Promise.all([
      findReceipts(transaction, controls),
      takeMessageIds(transaction, messages.length),
    ]);
    const known = new Map<string, Stored>();
    const seenControls = new Set<string>();
    for (const receipt of receipts) {
      known.set(receiptKey(receipt), { ...receipt, id: receipt.message_id, duplicate: true });
      seenControls.add(receipt.control.toString('hex'));
    }
    const fresh: NewMessage[] = [];
    const firsts = new Map<string, number>();
    const places = messages.map((message) => {
      const key = message.receipt && receiptKey(message.receipt);
      if (key !== undefined && known.has(key)) return { known: known.get(key)! };
      if (key !== undefined && firsts.has(key)) return { fresh: firsts.get(key)!, duplicate: true };
      if (key !== undefined) firsts.set(key, fresh.length);
      fresh.push(withWarning(message, seenControls));
      return { fresh: fresh.length - 1, duplicate: false };
    });
    const stored = fresh.map((message, i) => ({ ...message, id: ids[i]! }));
    if (stored.length > 0) await storeMessages(transaction, stored);
    for (const { id, state } of stored) transaction.audit('message', id, state);
    return places.map((place) => {
      if (place.known !== undefined) return place.known;
      const { received_at, ack_code } = fresh[place.fresh]!;
      return { id: ids[place.fresh]!, received_at, ack_code, duplicate: place.duplicate };
    });
  });
}

function receiptKey(receipt: { control: Buffer; content: Buffer }): string {
  return `${receipt.control.toString('hex')}${receipt.content.toString('hex')}`;
}

/** The same control id with other content is a new message; a sender that does so by mistake should hear of it. */
function withWarning(message: NewMessage, seenControls: Set<string>): NewMessage {
  if (message.receipt === undefined) return message;
  const control = message.receipt.control.toString('hex');
  const seen = seenControls.has(control);
  seenControls.add(control);
  return seen ? { ...message, warning: 'control-id-reused' } : message;
}
