/**
 * What the sender of a message is to be told, and when: the channel's `ack`, and what MSH-15 and MSH-16 ask for (HL7 2.9
 * §2.9.2, original mode, and §2.9.3, enhanced mode). Pure; reads the header only.
 */
import type { AckCode } from '../hl7/ack.ts';
import type { Header } from '../hl7/header.ts';

/** How a channel answers. */
export interface Acknowledge {
  /** How far a message must have come before it is answered AA. */
  readonly when: Stage;
  /** How long an answer may wait for that. */
  readonly timeout_ms: number;
  readonly mode: 'auto' | 'original' | 'enhanced';
  /** System that application acknowledgements of enhanced mode go to; undefined: back over the connection of the message. */
  readonly application_to: string | undefined;
  /** The senders read AA alone. */
  readonly only_aa: boolean;
}

/** How far a message has come. */
export type Stage = 'stored' | 'processed' | 'delivered';

/** Table 0155: always, never, only on error or reject, only on success. */
export type Condition = 'AL' | 'NE' | 'ER' | 'SU';

/** When a sender wants which acknowledgement of enhanced mode. */
export interface Wanted {
  /** MSH-15: CA, CE, CR, as soon as the message is stored or refused. */
  readonly accept: Condition;
  /** MSH-16: AA, AE, AR, when it was processed. */
  readonly application: Condition;
}

/**
 * What the sender of a message with this header wants; undefined in original mode, which has one answer, always. With the
 * mode `auto` a message is of enhanced mode when one of the two fields is valued; the other, empty one is NE then. With the
 * mode `enhanced`, both empty stand for AL and NE.
 */
export function wanted(
  { mode, only_aa }: Acknowledge,
  header: Pick<Header, 'accept_ack' | 'application_ack'> | undefined,
): Wanted | undefined {
  const accept = header?.accept_ack ?? '';
  const application = header?.application_ack ?? '';
  const silent = accept === '' && application === '';
  if (only_aa || mode === 'original' || (mode === 'auto' && silent)) return undefined;
  return { accept: silent ? 'AL' : conditionOf(accept), application: conditionOf(application) };
}

/** Is an acknowledgement wanted, of a success or of an error? */
export function wants(condition: Condition, success: boolean): boolean {
  return condition === 'AL' || condition === (success ? 'SU' : 'ER');
}

/**
 * MSA-1 of what the sender hears at once; undefined: nothing, or nothing yet. `refused` is what the reason asks for when
 * the message was refused. Such a message goes no further: whoever wants no accept acknowledgement of it hears by the
 * application acknowledgement.
 */
export function firstCode(
  { when, only_aa }: Acknowledge,
  want: Wanted | undefined,
  refused: 'AE' | 'AR' | undefined,
): AckCode | undefined {
  if (want === undefined) {
    if (refused !== undefined) return only_aa ? 'AA' : refused;
    return when === 'stored' ? 'AA' : undefined;
  }
  if (refused === undefined) return wants(want.accept, true) ? 'CA' : undefined;
  if (wants(want.accept, false)) return refused === 'AE' ? 'CE' : 'CR';
  return wants(want.application, false) ? refused : undefined;
}

/** How far a message must have come for an application acknowledgement of enhanced mode, which says that it was taken on. */
export function applicationStage({ when }: Acknowledge): Exclude<Stage, 'stored'> {
  return when === 'stored' ? 'processed' : when;
}

/** `""` is HL7's word for nothing. What is no code of the table asks for something: one answer too many harms less than none. */
function conditionOf(raw: string): Condition {
  const code = raw.trim().toUpperCase();
  if (code === '' || code === '""' || code === 'NE') return 'NE';
  return code === 'ER' || code === 'SU' ? code : 'AL';
}
