/** From how a message stands to what its sender is told of it. Pure. */
import { type ErrorCode, errorDefinition, errors, PipehatError } from '../errors.ts';
import type { Stage } from '../pipeline/acknowledge.ts';
import type { Standing } from '../store/acknowledgements.ts';
import { type OwnProblem, problemOf } from './answer.ts';

/** What a sender is told, in the words of original mode. */
export interface Verdict {
  readonly code: 'AA' | 'AE' | 'AR';
  /** Why it is not AA. */
  readonly problem: OwnProblem | undefined;
  /** Sending the message again brings the same answer, unless a person steps in. */
  readonly final: boolean;
}

/** A stage that an answer can wait for. */
export type LaterStage = Exclude<Stage, 'stored'>;

const ACCEPTED: Verdict = { code: 'AA', problem: undefined, final: true };

/** The verdict on a message; undefined while it has not come as far as `stage`. */
export function verdictOf(standing: Standing, stage: LaterStage): Verdict | undefined {
  switch (standing.state) {
    case 'received':
      return undefined;
    case 'filtered':
      return ACCEPTED;
    case 'failed':
    case 'rejected':
      return recorded(standing);
    case 'processed':
      if (stage === 'processed') return ACCEPTED;
      if (standing.open > 0) return undefined;
      return refusedDelivery(standing) ?? ACCEPTED;
  }
}

/** The verdict when the time is up. A delivery that was refused is known to be, whatever else is still open. */
export function verdictInTime(
  standing: Standing | undefined,
  stage: LaterStage,
  timeout_ms: number,
): Verdict {
  const settled = standing && (verdictOf(standing, stage) ?? refusedDelivery(standing));
  if (settled !== undefined) return settled;
  const processed = standing?.state === 'processed';
  const code = processed ? 'message-not-delivered-in-time' : 'message-not-processed-in-time';
  return failure(new PipehatError(code, { timeout_ms }));
}

/** The verdict where how the message stands can't be found out. */
export function failure(error: PipehatError): Verdict {
  return { code: errorDefinition(error.code).ack ?? 'AE', problem: problemOf(error), final: false };
}

/** The error that is kept with the message. */
function recorded({ error_code, error_says, error_at }: Standing): Verdict {
  const code = (error_code !== null && error_code in errors ? error_code : 'internal') as ErrorCode;
  const { ack = 'AE', condition = '207' } = errorDefinition(code);
  const at = error_at ?? undefined;
  return {
    code: ack,
    problem: { severity: 'E', code, says: error_says ?? '', condition, at },
    final: true,
  };
}

/** A receiver that answered AR or CR is passed on as AR, any other no as AE. */
function refusedDelivery({ refused_by, refused_state, refused_status }: Standing): Verdict | undefined {
  if (refused_by === null) return undefined;
  const error =
    refused_state === 'cancelled'
      ? new PipehatError('delivery-cancelled', { system: refused_by })
      : new PipehatError('delivery-refused', { system: refused_by, status: refused_status ?? 'no answer' });
  const code = refused_status === 'AR' || refused_status === 'CR' ? 'AR' : 'AE';
  return { code, problem: problemOf(error), final: true };
}
