/** The message that all others are varied from: the kit's own, or one that the receiver's channel is known to take. */
import { PipehatError } from '../errors.ts';

/** A message as segments of fields. All text is Latin-1: one character a byte. */
export interface Template {
  /** MSH-1, and the characters of MSH-2. */
  readonly delimiters: string;
  /** `fields[0]` is the segment's name; in MSH, `fields[1]` is MSH-2, so field n of MSH is at n - 1. */
  readonly segments: readonly (readonly string[])[];
  /** Whether it is the user's. Of such a message only fields of MSH are changed, and what a case is about. */
  readonly given: boolean;
}

/** What the kit's own messages say of themselves. */
export interface Origin {
  readonly version: string;
  /** `application^facility`. */
  readonly sending: string;
  readonly receiving: string;
  /** MSH-11. */
  readonly processing_id: string;
}

/** An admission of an invented patient. */
export function ownTemplate({ version, sending, receiving, processing_id }: Origin): Template {
  const [application, facility = ''] = sending.split('^');
  const [receiver, receiverFacility = ''] = receiving.split('^');
  const time = '20260302101500';
  return {
    delimiters: '|^~\\&',
    given: false,
    segments: [
      [
        'MSH',
        '^~\\&',
        application!,
        facility,
        receiver!,
        receiverFacility,
        time,
        '',
        '',
        '',
        processing_id,
        version,
      ],
      ['EVN', '', time],
      [
        'PID',
        '1',
        '',
        '',
        '',
        'TORTURE^TEST',
        '',
        '19700101',
        'F',
        '',
        '',
        '1 Nowhere Lane^^Testville^WI^53999^USA',
      ],
      ['PV1', '1', 'I', 'TEST^1^1', '', '', '', '1^TORTURE^DOCTOR'],
    ].map((fields) => fields.map(latin1)),
  };
}

/** Reads the user's. Segments may end with CR, LF or CRLF. Throws `hl7-no-msh`. */
export function readTemplate(bytes: Uint8Array): Template {
  const text = Buffer.from(bytes)
    .toString('latin1')
    .replaceAll(/\r\n|\n/g, '\r');
  const header = /^MSH(.)(.{3,5}?)\1/s.exec(text);
  if (header === null) throw new PipehatError('hl7-no-msh', { found: 'something else' });
  const [, field = '|', encoding = ''] = header;
  const segments = text
    .split('\r')
    .filter((segment) => segment !== '')
    .map((segment) => segment.split(field));
  return { delimiters: field + encoding, segments, given: true };
}

/** What the command line gives is UTF-8 inside; names of systems are ASCII as a rule, and stay what they are if not. */
function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}
