/**
 * An endless stream of HL7 v2 messages like that of a hospital, for demo, load and tests. Pure: the same options give
 * the same messages.
 *
 * Patients are admitted or registered (A01, A04), moved (A02), corrected (A08), get results (ORU^R01: preliminary,
 * final, at times corrected, under one filler order number), are discharged (A03), and come back. Now and then one is
 * registered under a second MRN, and merged (A40).
 *
 * So that a receiver can prove the order: each message about an MRN carries its running number, from 1, in PID-11.2 as
 * `Unit 17` (FHIR: `Patient.address.line[1]`), and its time, in MSH-7 and in EVN-2 or OBR-22, is later than that of
 * every message before it.
 */
import { parseArgs } from 'node:util';
import { BLOOD_COUNT, GLUCOSE, inventValue } from './traffic/catalogue.ts';
import { Hospital, type TrafficMessage } from './traffic/hospital.ts';
import { createRandom, type Random } from './traffic/random.ts';
import {
  type Order,
  type Patient,
  type ResultStatus,
  type Stay,
  writeMerge,
  writeResult,
} from './traffic/writing.ts';

export type { TrafficMessage };

/** What stream is wanted. */
export interface TrafficOptions {
  readonly seed: number;
  /** How many patients there are at a time; at least 1. */
  readonly patients: number;
  /** Time of the first message, ISO 8601 with offset. */
  readonly start: string;
  /** For load: only A01, then A08 of about 0.4 kB; or only final blood counts of 14 OBX, about 2 kB. */
  readonly only?: 'adt' | 'oru';
}

/** A patient, and where it is on its way through the hospital. */
interface Course {
  readonly patient: Patient;
  stay?: Stay;
  order?: Order;
  /** A second MRN that was given by mistake and has to be merged. */
  retired?: string;
}

/** The stream. It never ends: take as many as you need. */
export function* traffic(options: TrafficOptions): Generator<TrafficMessage, never> {
  if (!(options.patients >= 1)) throw new RangeError('expected at least 1 patient');
  const hospital = new Hospital(options.seed, options.start);
  const random = createRandom(options.seed);
  const courses = Array.from(
    { length: options.patients },
    (): Course => ({ patient: hospital.register(random) }),
  );
  for (;;) {
    const course = random.pick(courses);
    if (options.only === 'adt') yield updateOnly(hospital, course, random);
    else if (options.only === 'oru') yield resultOnly(hospital, course, random);
    else yield next(hospital, course, random);
  }
}

/** The next thing that happens to one patient. */
function next(hospital: Hospital, course: Course, random: Random): TrafficMessage {
  const { patient, stay, order, retired } = course;
  if (retired !== undefined) {
    delete course.retired;
    return hospital.send(patient, 'ADT^A40', (head) => writeMerge(head, patient, retired));
  }
  if (stay === undefined) {
    course.stay = hospital.admit(random);
    if (!random.chance(0.04))
      return hospital.visit(patient, course.stay.class === 'I' ? 'A01' : 'A04', course.stay);
    const double: Patient = { ...patient, mrn: hospital.number('2'), sequence: 0 };
    course.retired = double.mrn;
    return hospital.visit(double, 'A04', course.stay);
  }
  if (order !== undefined) return report(hospital, course, stay, order, random);
  const dice = random.fraction();
  if (dice < 0.45) {
    course.order = hospital.order(random);
    return report(hospital, course, stay, course.order, random);
  }
  if (dice < 0.65) return hospital.visit(patient, 'A08', stay);
  if (dice < 0.75 && stay.class === 'I') {
    const from = stay.location;
    stay.location = hospital.bed(random);
    return hospital.visit(patient, 'A02', stay, from);
  }
  delete course.stay;
  return hospital.visit(patient, 'A03', stay);
}

/** Reports an order: bedside glucose is final at once, a blood count preliminary first; one in ten is corrected. */
function report(
  hospital: Hospital,
  course: Course,
  stay: Stay,
  order: Order,
  random: Random,
): TrafficMessage {
  const { patient } = course;
  const status = statusAfter(order);
  if (order.reported !== undefined) {
    // The first value is the one that changes from report to report.
    const [first] = order.panel.tests;
    order.values = [inventValue(first, random), ...order.values.slice(1)];
  }
  order.reported = status;
  const settled = status === 'C' || (status === 'F' && !random.chance(0.1));
  if (settled) delete course.order;
  return hospital.send(patient, 'ORU^R01', (head) => writeResult(head, patient, stay, order, status));
}

function statusAfter({ reported, panel }: Order): ResultStatus {
  if (reported === 'F') return 'C';
  return reported === 'P' || panel === GLUCOSE ? 'F' : 'P';
}

function updateOnly(hospital: Hospital, course: Course, random: Random): TrafficMessage {
  const event = course.stay === undefined ? 'A01' : 'A08';
  course.stay ??= { ...hospital.admit(random), class: 'I' };
  return hospital.visit(course.patient, event, course.stay);
}

function resultOnly(hospital: Hospital, course: Course, random: Random): TrafficMessage {
  course.stay ??= hospital.admit(random);
  const { patient, stay } = course;
  const order = hospital.order(random, BLOOD_COUNT);
  return hospital.send(patient, 'ORU^R01', (head) => writeResult(head, patient, stay, order, 'F'));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '20' },
      patients: { type: 'string', default: '10' },
      start: { type: 'string', default: '2026-01-01T00:00:00Z' },
      raw: { type: 'boolean', default: false },
    },
  });
  const { start, raw } = values;
  const stream = traffic({ seed: Number(values.seed), patients: Number(values.patients), start });
  for (const { text } of stream.take(Number(values.count))) {
    process.stdout.write(raw ? text : `${text.replaceAll('\r', '\n')}\n`);
  }
}
