/** Expressions over a message, with errors that can be shown. */
import { PipehatError } from '../errors.ts';
import type { Expression } from '../expression/expression.ts';
import type { Message } from '../hl7/message.ts';

/**
 * The expression's value over the message. Throws `expression-failed`; CEL's own error is left out of it on purpose,
 * since its text quotes values, such as the patient's number that `int()` could not read.
 */
export function evaluate(expression: Expression, message: Message): unknown {
  try {
    return expression.evaluate(message);
  } catch {
    throw new PipehatError(
      'expression-failed',
      { expression: expression.source },
      { at: expression.paths[0]?.text },
    );
  }
}
