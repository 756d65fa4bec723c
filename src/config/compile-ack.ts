/** The `ack` of a channel file: what its senders are answered. */
import type { Acknowledge } from '../pipeline/acknowledge.ts';
import { type Draft, unknown } from './draft.ts';

/** How the channel answers; what is wrong with it is added to the problems. */
export function compileAck({ yaml, file, around, problems }: Draft): Acknowledge {
  const { when, timeout_ms, mode, application_to, only_aa } = file.ack;
  const wrong = (key: string, rule: string, says: string) =>
    problems.push(yaml.problem(['ack', key], rule, says));
  if (only_aa && mode === 'enhanced') {
    wrong('only_aa', 'wrong-value', 'a sender that reads AA only is answered in original mode');
  }
  if (application_to !== undefined) {
    const system = around.systems.get(application_to);
    if (only_aa || mode === 'original') {
      wrong('application_to', 'wrong-value', 'original mode has no application ACK of its own to send there');
    }
    if (!around.systems.has(application_to)) {
      const says = unknown('system', application_to, around.systems.keys());
      wrong('application_to', 'unknown-system', says);
    } else if (system?.takes === 'event') {
      wrong('application_to', 'wrong-value', `"${application_to}" takes canonical events, and an ACK is HL7`);
    }
  }
  return { when, timeout_ms, mode, application_to, only_aa };
}
