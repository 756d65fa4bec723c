/** People, places and tests of the hospital that `traffic` invents. None of it exists. */
import type { Random } from './random.ts';

/** What PID says about a person, apart from numbers and address. */
export interface Person {
  /** PID-5. */
  readonly name: string;
  /** PID-7. */
  readonly born: string;
  /** PID-8. */
  readonly sex: 'F' | 'M';
  /** PID-11.1. */
  readonly street: string;
  /** PID-13. */
  readonly phone: string;
}

/** A laboratory test: OBX-3, OBX-6, and the range that OBX-7 states. */
export interface Test {
  readonly code: string;
  readonly unit: string;
  readonly low: number;
  readonly high: number;
  readonly decimals: number;
}

/** What can be ordered: OBR-4, and the tests that its result holds. */
export interface Panel {
  readonly code: string;
  readonly tests: readonly [Test, ...Test[]];
}

const FAMILIES = [
  'Abara',
  'Birkeland',
  'Castellan',
  'Dunmore',
  'Eskola',
  'Fairweather',
  'Grünwald',
  'Hathersage',
];
const GIVEN = {
  F: ['Ada', 'Beatriz', 'Clemence', 'Dagny', 'Esperança', 'Fenna'],
  M: ['Aldo', 'Bram', 'Cosmo', 'Dmitri', 'Eamon', 'Florian'],
} as const;
const STREETS = ['Bellows Court', 'Drone Street', 'Organ Loft Lane', 'Pipe Row', 'Reed Walk', 'Valve Street'];

/** Attending doctors, as PV1-7. */
export const DOCTORS = [
  '1043^Halvorsen^Ingrid^^^Dr^^^RGH',
  '1077^Quist^Bertram^^^Dr^^^RGH',
  '1102^Oyelaran^Folake^^^Dr^^^RGH',
];

/** Wards, as PV1-3.1. */
export const WARDS = ['2N', '3S', '4W', '5E', 'CCU'];

/** The test that a bedside meter does. */
export const GLUCOSE: Panel = {
  code: '41653-7^Glucose by glucometer^LN',
  tests: [test('41653-7^Glucose by glucometer^LN', 'mg/dL', 70, 140, 0)],
};

/** Complete blood count: 14 values. */
export const BLOOD_COUNT: Panel = {
  code: '58410-2^CBC panel^LN',
  tests: [
    test('6690-2^Leukocytes^LN^WBC^WBC^RGHLAB', '10*3/uL', 4, 11, 1),
    test('789-8^Erythrocytes^LN^RBC^RBC^RGHLAB', '10*6/uL', 3.8, 5.8, 2),
    test('718-7^Hemoglobin^LN^HGB^HGB^RGHLAB', 'g/dL', 12, 17, 1),
    test('4544-3^Hematocrit^LN^HCT^HCT^RGHLAB', '%', 36, 50, 1),
    test('787-2^MCV^LN^MCV^MCV^RGHLAB', 'fL', 80, 100, 1),
    test('785-6^MCH^LN^MCH^MCH^RGHLAB', 'pg', 27, 33, 1),
    test('786-4^MCHC^LN^MCHC^MCHC^RGHLAB', 'g/dL', 32, 36, 1),
    test('788-0^Erythrocyte distribution width^LN^RDW^RDW^RGHLAB', '%', 11.5, 14.5, 1),
    test('777-3^Platelets^LN^PLT^PLT^RGHLAB', '10*3/uL', 150, 400, 0),
    test('32623-1^Platelet mean volume^LN^MPV^MPV^RGHLAB', 'fL', 7.5, 11.5, 1),
    test('770-8^Neutrophils/100 leukocytes^LN^NEU^NEU^RGHLAB', '%', 40, 75, 1),
    test('736-9^Lymphocytes/100 leukocytes^LN^LYM^LYM^RGHLAB', '%', 20, 45, 1),
    test('5905-5^Monocytes/100 leukocytes^LN^MON^MON^RGHLAB', '%', 2, 10, 1),
    test('713-8^Eosinophils/100 leukocytes^LN^EOS^EOS^RGHLAB', '%', 0, 6, 1),
  ],
};

/** Someone. */
export function inventPerson(random: Random): Person {
  const sex = random.pick(['F', 'M'] as const);
  const [month, day] = [random.integer(1, 12), random.integer(1, 28)].map((n) => String(n).padStart(2, '0'));
  return {
    name: `${random.pick(FAMILIES)}^${random.pick(GIVEN[sex])}^^^^^L`,
    born: `${random.integer(1930, 2020)}${month}${day}`,
    sex,
    street: `${random.integer(1, 99)} ${random.pick(STREETS)}`,
    phone: `^PRN^PH^^^555^55501${random.integer(10, 99)}`,
  };
}

/** A value for `test`: mostly within its range, at times outside, never below zero. */
export function inventValue(test: Test, random: Random): number {
  const width = test.high - test.low;
  const value = Math.max(0, test.low + width * (random.fraction() * 1.4 - 0.2));
  return Number(value.toFixed(test.decimals));
}

function test(code: string, unit: string, low: number, high: number, decimals: number): Test {
  return { code, unit, low, high, decimals };
}
