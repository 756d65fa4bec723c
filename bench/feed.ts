/** Messages for several connections: each patient's go over one of them, so that their order means something. */
import { traffic } from '../samples/traffic.ts';
import type { Only } from './works.ts';

/** Patients that a connection tells of, on average. */
const PATIENTS_A_CONNECTION = 32;

/** The next message for a connection, framed for MLLP. Never ends. */
export type Feed = (connection: number) => Buffer;

/** A feed of one kind of messages. The same arguments give the same messages. */
export function createFeed(only: Only, connections: number): Feed {
  const stream = traffic({
    ...{ seed: 1, start: '2026-01-01T00:00:00Z', only },
    patients: connections * PATIENTS_A_CONNECTION,
  });
  const ready = Array.from({ length: connections }, (): Buffer[] => []);
  return (connection) => {
    for (;;) {
      const next = ready[connection]!.shift();
      if (next !== undefined) return next;
      const { text, patient } = stream.next().value;
      ready[Number(patient) % connections]!.push(Buffer.from(`\v${text}\x1c\r`));
    }
  };
}
