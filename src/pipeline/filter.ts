/** `filter`: lets a message pass, or drops it. */
import type { Expression } from '../expression/expression.ts';
import type { Message } from '../hl7/message.ts';
import { evaluate } from './evaluate.ts';

/** A filter as the channel file gives it. */
export interface FilterStep {
  readonly kind: 'filter';
  /** Number and text of the step, for traces. */
  readonly label: string;
  /** Of type bool: checked when the channel is loaded. */
  readonly condition: Expression;
}

/** False drops the message. */
export function passes(step: FilterStep, message: Message): boolean {
  return evaluate(step.condition, message) === true;
}
