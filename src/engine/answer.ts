/** What a sender is told of its message, once that is in the store (or could not be put there). */
import { errorDefinition, type PipehatError } from '../errors.ts';
import { type AckProblem, buildAck } from '../hl7/ack.ts';
import { type Header, headerBytes } from '../hl7/header.ts';
import type { Stored } from './once.ts';

/** What ERR says of an error. */
export function problemOf(error: PipehatError): AckProblem {
  const condition = errorDefinition(error.code).condition ?? '207';
  return { code: error.code, says: error.message, condition, at: error.at };
}

/**
 * The ACK. Its control id and time come from the stored message, so that a resend gets the same bytes again. Without a
 * stored message (`received_at` is given then) it has a control id of its own.
 */
export function answer(
  header: Header | undefined,
  code: string,
  stored: Stored | undefined,
  problems: readonly AckProblem[],
  received_at: Date = stored!.received_at,
): Uint8Array {
  const [problem] = problems;
  const control_id = stored === undefined ? `N${received_at.getTime()}` : `P${stored.id}`;
  const time = `${received_at.toISOString().replaceAll(/[-:T]|\.\d+Z$/g, '')}+0000`;
  const text = buildAck({ header, code: code as 'AA', control_id, time, problem });
  return headerBytes(header, text);
}
