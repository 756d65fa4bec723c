/** The hospital that `traffic` invents: its clock, its numbers, and its way of sending. */
import { BLOOD_COUNT, DOCTORS, GLUCOSE, inventPerson, inventValue, WARDS } from './catalogue.ts';
import { createRandom, type Random } from './random.ts';
import { type Head, type Order, type Patient, type Stay, type VisitEvent, writeVisit } from './writing.ts';

/** One message of the stream. */
export interface TrafficMessage {
  readonly text: string;
  /** MSH-10. No two are alike. */
  readonly control_id: string;
  /** PID-3.1. */
  readonly patient: string;
  /** `ADT^A01`. */
  readonly trigger: string;
  /** 1 for the first message about this patient, 2 for the next. */
  readonly sequence: number;
}

/** What all patients share: the clock, and the numbers that are given only once. */
export class Hospital {
  readonly #seed: number;
  readonly #ticks: Random;
  #now_ms: number;
  #messages = 0;
  #numbers = 100000;

  constructor(seed: number, start: string) {
    this.#seed = seed;
    this.#ticks = createRandom(~seed);
    this.#now_ms = Temporal.Instant.from(start).epochMilliseconds;
  }

  /** A number that nothing else has. */
  number(prefix: string): string {
    this.#numbers += 1;
    return `${prefix}${this.#numbers}`;
  }

  /** Someone new, with an MRN. */
  register(random: Random): Patient {
    return { mrn: this.number('1'), person: inventPerson(random), sequence: 0 };
  }

  /** A stay that begins now. */
  admit(random: Random): Stay {
    return {
      visit: this.number('V'),
      class: random.chance(0.7) ? 'I' : 'O',
      admitted: this.#time(),
      doctor: random.pick(DOCTORS),
      location: this.bed(random),
    };
  }

  /** A place, as PV1-3. */
  bed(random: Random): string {
    const ward = random.pick(WARDS);
    return `${ward}^${random.integer(10, 29)}^${random.pick(['A', 'B'])}^RGH`;
  }

  /** An order whose specimen is taken now. */
  order(random: Random, panel = random.pick([BLOOD_COUNT, GLUCOSE])): Order {
    return {
      placer: this.number('ORD'),
      filler: this.number('LAB'),
      panel,
      collected: this.#time(),
      values: panel.tests.map((test) => inventValue(test, random)),
    };
  }

  /** Sends an ADT message about a stay; `from` is where the patient was before an A02. */
  visit(patient: Patient, event: VisitEvent, stay: Stay, from?: string): TrafficMessage {
    return this.send(patient, `ADT^${event}`, (head) => writeVisit(head, event, patient, stay, from));
  }

  /** Counts the message, for the hospital and for the patient, and lets 1 s to 10 min pass. */
  send(patient: Patient, trigger: string, write: (head: Head) => string): TrafficMessage {
    this.#messages += 1;
    patient.sequence += 1;
    const control_id = `T${this.#seed}-${this.#messages}`;
    const text = write({ control_id, time: this.#time() });
    this.#now_ms += this.#ticks.integer(1, 600) * 1000;
    return { text, control_id, patient: patient.mrn, trigger, sequence: patient.sequence };
  }

  /** Now, as a DTM of whole seconds in UTC. */
  #time(): string {
    return `${new Date(this.#now_ms).toISOString().slice(0, 19).replace(/[-:T]/g, '')}+0000`;
  }
}
