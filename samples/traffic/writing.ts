/** Writes the messages of `traffic`: pure text, HL7 2.5.1, segments ended by CR. */
import type { Panel, Person, Test } from './catalogue.ts';

/** A patient as the hospital information system knows it. */
export interface Patient {
  /** PID-3.1. */
  readonly mrn: string;
  readonly person: Person;
  /** How many messages there have been about this MRN. PID-11.2 says it. */
  sequence: number;
}

/** A stay in the hospital. */
export interface Stay {
  /** PV1-19.1. */
  readonly visit: string;
  /** PV1-2: I = inpatient, O = outpatient. */
  readonly class: 'I' | 'O';
  /** PV1-44, DTM. */
  readonly admitted: string;
  readonly doctor: string;
  /** PV1-3. */
  location: string;
}

/** An order and what is known of its result. */
export interface Order {
  /** OBR-2.1 and OBR-3.1: the same in every report about it. */
  readonly placer: string;
  readonly filler: string;
  readonly panel: Panel;
  /** OBR-7, DTM. */
  readonly collected: string;
  values: readonly number[];
  /** What was reported last (OBR-25); undefined before the first report. */
  reported?: ResultStatus;
}

/** OBR-25 and OBX-11: preliminary, final, corrected. */
export type ResultStatus = 'P' | 'F' | 'C';

/** What MSH says of one message. */
export interface Head {
  readonly control_id: string;
  /** MSH-7, EVN-2, OBR-22: DTM. */
  readonly time: string;
}

/** MSH-9.3 by trigger event. */
const STRUCTURES = {
  A01: 'ADT_A01',
  A02: 'ADT_A02',
  A03: 'ADT_A03',
  A04: 'ADT_A01',
  A08: 'ADT_A01',
} as const;

/** The ADT events that have a PV1 of their own here. */
export type VisitEvent = keyof typeof STRUCTURES;

/** An ADT message about a stay. A02 also says where the patient was, A03 when it left. */
export function writeVisit(head: Head, event: VisitEvent, patient: Patient, stay: Stay, from = ''): string {
  const discharged = event === 'A03' ? `|${head.time}` : '';
  return lines(
    msh(head, 'HIS', `ADT^${event}^${STRUCTURES[event]}`),
    `EVN||${head.time}`,
    pid(patient),
    `PV1|1|${stay.class}|${stay.location}|||${from}|${stay.doctor}||||||||||||${visit(stay)}${'|'.repeat(25)}${stay.admitted}${discharged}`,
  );
}

/** ADT^A40: what was known under the MRN `retired` belongs to `patient`. */
export function writeMerge(head: Head, patient: Patient, retired: string): string {
  return lines(
    msh(head, 'HIS', 'ADT^A40^ADT_A39'),
    `EVN||${head.time}`,
    pid(patient),
    `MRG|${retired}^^^RGH^MR`,
  );
}

/** ORU^R01: what is known of an order by now. */
export function writeResult(
  head: Head,
  patient: Patient,
  stay: Stay,
  order: Order,
  status: ResultStatus,
): string {
  const numbers = `${order.placer}^HIS|${order.filler}^LAB`;
  return lines(
    msh(head, 'LAB', 'ORU^R01^ORU_R01'),
    pid(patient),
    `PV1|1|${stay.class}|${stay.location}${'|'.repeat(16)}${visit(stay)}`,
    `ORC|RE|${numbers}||${status === 'P' ? 'IP' : 'CM'}`,
    `OBR|1|${numbers}|${order.panel.code}|||${order.collected}|||||||||${stay.doctor}||||||${head.time}||HM|${status}`,
    ...order.panel.tests.map((test, index) =>
      obx(index + 1, test, order.values[index]!, status, order.collected),
    ),
  );
}

function msh({ control_id, time }: Head, application: string, type: string): string {
  return `MSH|^~\\&|${application}|RGH|PIPEHAT|RGH|${time}||${type}|${control_id}|P|2.5.1||||||UNICODE UTF-8`;
}

function pid({ mrn, person, sequence }: Patient): string {
  const address = `${person.street}^Unit ${sequence}^Reedhaven^WI^53999^USA^H`;
  return `PID|1||${mrn}^^^RGH^MR||${person.name}||${person.born}|${person.sex}|||${address}||${person.phone}`;
}

function visit(stay: Stay): string {
  return `${stay.visit}^^^RGH^VN`;
}

function obx(id: number, test: Test, value: number, status: ResultStatus, observed: string): string {
  const flag = value < test.low ? 'L' : value > test.high ? 'H' : 'N';
  const unit = `${test.unit}^${test.unit}^UCUM`;
  return `OBX|${id}|NM|${test.code}||${value.toFixed(test.decimals)}|${unit}|${test.low}-${test.high}|${flag}|||${status}|||${observed}|RGHLAB`;
}

function lines(...segments: string[]): string {
  return `${segments.join('\r')}\r`;
}
