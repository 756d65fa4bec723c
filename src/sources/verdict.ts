/** What an answer means for who sent the message: done, refused, or to be sent again later. */
import { type ErrorDefinition, errors } from '../errors.ts';
import { readAck } from '../hl7/ack.ts';
import { readMessage } from '../hl7/message.ts';
import { part } from '../hl7/parts.ts';

/** What an answer of our own says. */
export interface Verdict {
  readonly outcome: 'accepted' | 'refused' | 'later';
  /** MSA-1. */
  readonly ack: string;
  /** Our code, from ERR-5; versions before 2.5 have no place for it. */
  readonly code: string | undefined;
  /** As an HL7 path; `''` where there is none. */
  readonly place: string;
  readonly says: string;
  readonly advice: string | undefined;
}

/** Table 0357: the message is well, and we are not. */
const INTERNAL = '207';

/**
 * Reads an answer that the engine gave. AE for a transient reason, such as a store that is away, means later; where the
 * version has no place for our code, the condition 207 does. Everything else that isn't AA or CA is refused.
 */
export function readVerdict(answer: Uint8Array): Verdict {
  const text = Buffer.from(answer.buffer, answer.byteOffset, answer.length).toString('latin1');
  const { code: ack, text: said, errors: problems } = readAck(text);
  const [problem] = problems;
  const message = readMessage(text);
  const code = part(message.first('ERR')?.field(5) ?? '', message.delimiters.component, 1) || undefined;
  const definition = definitionOf(code);
  const transient =
    definition === undefined ? problem?.condition === INTERNAL : definition.class === 'transient';
  const more = {
    ...{ ack, code, place: problem?.location ?? '', says: problem?.says || said },
    advice: definition?.advice.includes('{') ? undefined : definition?.advice,
  };
  if (ack === 'AA' || ack === 'CA') return { outcome: 'accepted', ...more };
  return { outcome: (ack === 'AE' || ack === 'CE') && transient ? 'later' : 'refused', ...more };
}

function definitionOf(code: string | undefined): ErrorDefinition | undefined {
  return code === undefined ? undefined : (errors as Readonly<Record<string, ErrorDefinition>>)[code];
}
