/** FHIR R4 primitives (datatypes.html#primitive): is a JSON value surely one? The patterns are those of Medplum's validator. */
import { validationRegexes } from '@medplum/core';

/** Surely valid, or not: what is doubtful is for the slower validator to judge. */
export type Check = (value: unknown) => boolean;

/** Longer texts are left to the validator, which knows the limits. */
const LONGEST_TEXT = 1024 * 1024;
const LONGEST_BASE64 = 1024 * 1024;

const NUMBERS: Readonly<Record<string, Check>> = {
  decimal: (value) => typeof value === 'number' && Number.isFinite(value),
  integer: wholeNumber(-2_147_483_648),
  unsignedInt: wholeNumber(0),
  positiveInt: wholeNumber(1),
};

/** The check of a primitive type; undefined for types that have elements, or that only the validator knows. */
export function primitiveCheck(type: string): Check | undefined {
  if (type === 'boolean') return (value) => typeof value === 'boolean';
  if (type === 'base64Binary') return isBase64;
  if (type === 'date' || type === 'dateTime' || type === 'instant') return dated(validationRegexes[type]!);
  const number = NUMBERS[type];
  if (number !== undefined) return number;
  const form = validationRegexes[type];
  return form === undefined || type === 'xhtml' ? undefined : text(form);
}

function text(form: RegExp): Check {
  return (value) =>
    typeof value === 'string' && value.length <= LONGEST_TEXT && form.test(value) && /\S/.test(value);
}

function dated(form: RegExp): Check {
  return (value) => typeof value === 'string' && form.test(value) && dayExists(value);
}

/** The 29th of February and the 31st of some months need the calendar. */
function dayExists(value: string): boolean {
  if (value.length < 10) return true;
  const day = Number(value.slice(8, 10));
  if (day <= 28) return true;
  return day <= new Date(Date.UTC(Number(value.slice(0, 4)), Number(value.slice(5, 7)), 0)).getUTCDate();
}

function isBase64(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length % 4 === 0 &&
    value.length <= LONGEST_BASE64 &&
    /^[A-Za-z0-9+/]*={0,2}$/.test(value)
  );
}

function wholeNumber(least: number): Check {
  return (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= 2_147_483_647;
}
