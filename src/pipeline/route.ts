/**
 * `route`: which systems get the message. Every route is looked at, and each one whose `when` is true (or that has
 * none) takes the message: routes fan out, and none hides a later one.
 */
import type { Body } from '../component.ts';
import type { Expression } from '../expression/expression.ts';
import type { Message } from '../hl7/message.ts';
import { evaluate } from './evaluate.ts';

/** A route as the channel file gives it. */
export interface Route {
  readonly when: Expression | undefined;
  /** Name of a system. */
  readonly to: string;
  /** What that system takes: the canonical event, or the message as the steps left it. */
  readonly takes: Body['kind'];
  /** FHIR resource types to write there; undefined = all of the event. */
  readonly write: readonly string[] | undefined;
}

/** Does the route take this message? */
export function isTaken(route: Route, message: Message): boolean {
  return route.when === undefined || evaluate(route.when, message) === true;
}
