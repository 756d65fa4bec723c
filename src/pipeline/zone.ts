/** The zone of times that a message gives without an offset. */
import { PipehatError } from '../errors.ts';
import { readDtm } from '../hl7/datetime.ts';
import type { Message } from '../hl7/message.ts';
import { parsePath } from '../hl7/path.ts';

/** Where the offset of a time without one comes from. */
export type OffsetFrom = 'zone' | 'message';

const MESSAGE_TIME = parsePath('MSH-7');

/**
 * An IANA name, or an offset such as `+01:00`. HL7 (chapter 2, MSH-7) lets the offset of MSH-7 stand for all times of the message.
 * It is that of the day of sending: in July it would put a January admission off by an hour. So it counts only where the channel
 * says so (`message`), and else `zone` does. An MSH-7 without an offset leaves it at `zone` too.
 */
export function zoneOf(message: Message, zone: string, from: OffsetFrom): string {
  if (from === 'zone') return zone;
  try {
    return readDtm(message.value(MESSAGE_TIME)).offset ?? zone;
  } catch (error) {
    if (error instanceof PipehatError) return zone;
    throw error;
  }
}
