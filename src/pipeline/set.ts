/** `set`: puts constants or computed values into places of the message. */
import type { Expression } from '../expression/expression.ts';
import { setValue } from '../hl7/edit.ts';
import type { Message } from '../hl7/message.ts';
import type { Path } from '../hl7/path.ts';
import { evaluate } from './evaluate.ts';

/** A set step as the channel file gives it: places in the order of the file. */
export interface SetStep {
  readonly kind: 'set';
  /** Number and text of the step, for traces. */
  readonly label: string;
  readonly values: readonly { readonly path: Path; readonly value: string | Expression }[];
}

/** The message with all places set. Each value is computed from the message as the places before it left it. */
export function setAll(step: SetStep, message: Message): Message {
  return step.values.reduce((current, { path, value }) => {
    const text = typeof value === 'string' ? value : String(evaluate(value, current));
    return setValue(current, path, text);
  }, message);
}
