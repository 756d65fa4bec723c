/** What a sender is told of its message, as bytes. */
import { type ErrorCode, errorDefinition, PipehatError } from '../errors.ts';
import { type AckCode, type AckParts, buildAck } from '../hl7/ack.ts';
import type { AckProblem } from '../hl7/ack-error.ts';
import { namesOf } from '../hl7/charset.ts';
import { codecOf } from '../hl7/charset-names.ts';
import { isAsciiText } from '../hl7/codec.ts';
import { type Header, headerBytes } from '../hl7/header.ts';

/** A message in the store, as far as its answers name it. */
export interface Answered {
  readonly id: number;
  readonly received_at: Date;
}

/** What ERR says of an error of ours. */
export interface OwnProblem extends AckProblem {
  readonly code: ErrorCode;
}

/** What ERR says of an error. */
export function problemOf(error: PipehatError): OwnProblem {
  const condition = errorDefinition(error.code).condition ?? '207';
  return { severity: 'E', code: error.code, says: error.message, condition, at: error.at };
}

/** The first answer to a message: the only one, or the accept acknowledgement. */
export function firstAnswer(
  header: Header | undefined,
  stored: Answered,
  code: AckCode,
  problems: readonly AckProblem[],
): Uint8Array {
  return ackBytes({ header, code, problems, control_id: `P${stored.id}` }, stored.received_at);
}

/** The answer to a message that is not in the store. */
export function answerUnstored(
  header: Header | undefined,
  received_at: Date,
  code: AckCode,
  problems: readonly AckProblem[],
): Uint8Array {
  return ackBytes({ header, code, problems, control_id: `N${received_at.getTime()}` }, received_at);
}

/**
 * The application acknowledgement of enhanced mode. It is a message of its own, so it says which acknowledgement of it is
 * wanted: none over the connection of the message, where the sender would not know what to make of its place in the order;
 * an accept acknowledgement where it is a delivery, which that settles.
 */
export function applicationAnswer(
  header: Header,
  stored: Answered,
  code: AckCode,
  problems: readonly AckProblem[],
  accept: 'AL' | 'NE',
): Uint8Array {
  const asks = { accept, application: 'NE' } as const;
  return ackBytes({ header, code, problems, asks, control_id: `A${stored.id}` }, stored.received_at);
}

const APPLICATION_ID = /^A(\d{1,15})$/;

/** The message that an application acknowledgement of ours with this control id answers; undefined: it is none of ours. */
export function messageOfApplicationAnswer(control_id: string): number | undefined {
  const id = APPLICATION_ID.exec(control_id)?.[1];
  return id === undefined ? undefined : Number(id);
}

/** Control id and time come from the stored message, so that a resend that is told the same gets the same bytes. */
function ackBytes(parts: Omit<AckParts, 'time'>, at: Date): Uint8Array {
  const time = `${at.toISOString().replaceAll(/[-:T]|\.\d+Z$/g, '')}+0000`;
  const { header } = parts;
  return headerBytes(header, buildAck({ ...parts, time, encode: (text) => inSetOf(header, text) }));
}

/** Text of ours as text of the header's kind (see `Header.codec`): decoded, or bytes of the sender's set read as Latin-1. */
function inSetOf(header: Header | undefined, text: string): string {
  if (isAsciiText(text) || header?.codec !== undefined) return text;
  return (
    encoded(header?.charset ?? [], text) ?? Buffer.from(text.replaceAll(/[^\x20-\x7e]/gu, '?'))
  ).toString('latin1');
}

/** Undefined where the set is none that we know, or lacks a character. */
function encoded(charset: readonly string[], text: string): Buffer | undefined {
  try {
    const names = namesOf(charset);
    return names.length === 0 ? Buffer.from(text) : codecOf(names).encode(text);
  } catch (error) {
    if (error instanceof PipehatError) return undefined;
    throw error;
  }
}
