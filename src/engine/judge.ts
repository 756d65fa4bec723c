/**
 * Judging a message before it is stored: does its channel take it, can it be read, where does it belong? What can't be
 * taken is stored too, as `rejected`, with the reason.
 */
import type { Connection } from '../component.ts';
import { errorDefinition, PipehatError } from '../errors.ts';
import type { AckProblem } from '../hl7/ack-error.ts';
import type { Findings } from '../hl7/finding.ts';
import { type Header, readHeader } from '../hl7/header.ts';
import type { Message } from '../hl7/message.ts';
import { refusal } from '../pipeline/accept.ts';
import { firstCode, wanted } from '../pipeline/acknowledge.ts';
import type { Channel } from '../pipeline/channel.ts';
import { orderKeyOf, searchKeys } from '../pipeline/order.ts';
import { type Received, readReceived } from '../pipeline/read.ts';
import { validated } from '../pipeline/validation.ts';
import type { Keyring } from '../security/keys.ts';
import type { NewMessage } from '../store/messages.ts';
import { problemsOf, storedFindings } from './findings.ts';
import type { Incoming } from './lifting.ts';

/** A message on its way into the store, not sealed yet. `bytes` have references in the places of what was lifted out. */
export type OpenMessage = Omit<NewMessage, 'sealed'> & { readonly bytes: Uint8Array };

/** Everything about a message that is stored, and the refusal where there is one. */
export interface Judged {
  readonly header: Header | undefined;
  readonly message: Message | undefined;
  readonly refused: PipehatError | undefined;
  /** What the answer says beside its code: the refusal first. */
  readonly problems: readonly AckProblem[];
  /** What validation found, where the channel asks for it. */
  readonly findings: Findings | undefined;
  readonly row: OpenMessage;
}

/** What judging needs to know of the site. */
export interface JudgeOptions {
  readonly tenant: string;
  /** Content hash of the configuration in force. */
  readonly configuration: Buffer;
  readonly keyring: Keyring;
}

/**
 * Judges one message of a channel. Never throws for what a message says. `because`: it was refused before it got here, and
 * what came in is the beginning of it.
 */
export type Judge = (
  channel: Channel,
  incoming: Incoming,
  from: Connection,
  received_at: Date,
  because?: PipehatError,
) => Judged;

/** A judge. Messages that no key orders are spread over the lanes of their channel one after another. */
export function createJudge({ tenant, configuration, keyring }: JudgeOptions): Judge {
  let spread = 0;

  function judge(...[channel, incoming, from, received_at, because]: Parameters<Judge>): Judged {
    const { bytes, sha256, size, lifted } = incoming;
    let header: Header | undefined;
    let received: Received | undefined;
    let refused: PipehatError | undefined;
    let findings: Findings | undefined;
    try {
      header = readHeader(bytes, channel.accept.charset);
      refused = because ?? refusal(channel.accept, header);
      if (refused === undefined) {
        received = readReceived(channel.accept, bytes, header);
        const judged = validated(channel.accept.validation, received.message, received.facts);
        findings = judged?.findings;
        refused = judged?.refused;
      }
    } catch (error) {
      if (!(error instanceof PipehatError)) throw error;
      refused = because ?? error;
    }
    const { message, facts = header } = received ?? {};
    const order = message === undefined ? undefined : orderHash(channel, message);
    const want = wanted(channel.ack, header);
    const wantsLater = refused === undefined && want !== undefined && want.application !== 'NE';
    const warnings = [received?.warning, findings?.found.length ? 'findings' : undefined].filter(Boolean);
    return {
      header,
      message,
      refused,
      problems: refused === undefined ? [] : problemsOf(refused, findings),
      findings,
      row: {
        tenant,
        channel: channel.name,
        state: refused === undefined ? 'received' : 'rejected',
        lane: order === undefined ? spread++ % channel.lanes : order.readUInt16BE(0) % channel.lanes,
        order_key: order,
        control_id: facts?.control_id ?? '',
        type: typeOf(header),
        structure: header?.structure ?? '',
        version: header?.version ?? '',
        sender: facts === undefined ? '' : `${facts.sending_application}@${facts.sending_facility}`,
        receiver: facts === undefined ? '' : `${facts.receiving_application}@${facts.receiving_facility}`,
        sha256,
        size,
        lifted,
        attachments: lifted.length,
        ...from,
        received_at,
        ack_code: firstCode(channel.ack, want, refused && (errorDefinition(refused.code).ack ?? 'AE')) ?? '',
        application_way: wantsLater && channel.ack.application_to !== undefined ? 'due' : undefined,
        warning: warnings.length === 0 ? undefined : warnings.join(', '),
        error_code: refused?.code,
        error_at: refused?.at,
        error_says: refused?.message,
        findings: findings && storedFindings(findings),
        configuration,
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

  return judge;
}

function typeOf(header: Header | undefined): string {
  if (header === undefined) return '';
  return header.event === '' ? header.code : `${header.code}^${header.event}`;
}
