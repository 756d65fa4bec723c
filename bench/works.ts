/** What is measured. */

/** A kind of messages, as `samples/traffic.ts` makes them. */
export type Only = 'adt' | 'oru';

/** A way through the engine. */
export interface Work {
  readonly name: string;
  readonly title: string;
  readonly only: Only;
  /** What the receiver speaks. */
  readonly receiver: 'fhir' | 'mllp';
}

/** All of them, in the order in which they run. */
export const works: readonly Work[] = [
  { name: 'adt-to-fhir', title: 'ADT^A01/A08, 0.4 kB, MLLP to FHIR', only: 'adt', receiver: 'fhir' },
  { name: 'oru-to-fhir', title: 'ORU^R01, 14 OBX, 2 kB, MLLP to FHIR', only: 'oru', receiver: 'fhir' },
  {
    name: 'adt-to-mllp',
    title: 'ADT^A01/A08, 0.4 kB, MLLP to MLLP, one edit',
    only: 'adt',
    receiver: 'mllp',
  },
];

/** The work of large messages among small ones. */
export const LARGE = 'large';

/** The work that needs no engine: reading and mapping alone. */
export const MAPPING = 'mapping';

/** Reading alone, beside other readers. */
export const READING = 'reading';

/** The work that is frames alone: bytes in, messages out. */
export const FRAMING = 'framing';
