/**
 * Invariants of FHIR R4, by key, as plain functions. Each may only say yes where the FHIRPath of the specification surely holds: what is not
 * sure, and keys that are not here, are left to the validator that evaluates FHIRPath.
 */
type Parts = Readonly<Record<string, unknown>>;

/** Does the invariant surely hold for an element whose structure is right? */
export type Invariant = (parts: Parts) => boolean;

const has = (parts: Parts, name: string): boolean => parts[name] !== undefined;

/** Is there an element of that choice: `value` of `value[x]`? */
function hasChoice(parts: Parts, stem: string): boolean {
  for (const name in parts) {
    if (name.startsWith(stem) && /^[A-Z]/.test(name.slice(stem.length)) && parts[name] !== undefined)
      return true;
  }
  return false;
}

const some =
  (...names: string[]): Invariant =>
  (parts) =>
    names.some((name) => has(parts, name));
const needs =
  (name: string, other: string): Invariant =>
  (parts) =>
    !has(parts, name) || has(parts, other);
const notBoth =
  (name: string, other: string): Invariant =>
  (parts) =>
    !has(parts, name) || !has(parts, other);
const without =
  (name: string): Invariant =>
  (parts) =>
    !has(parts, name);

/** Is one of the codings of a concept this one? */
function isCoded(concept: unknown, system: string, codes: readonly string[]): boolean {
  const { coding = [] } = (concept ?? {}) as { coding?: { system?: string; code?: string }[] };
  return coding.some((one) => one.system === system && codes.includes(one.code ?? ''));
}

const ALLERGY_VERIFICATION = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification';
const CONDITION_CLINICAL = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
const CONDITION_VERIFICATION = 'http://terminology.hl7.org/CodeSystem/condition-ver-status';
const ENTERED_IN_ERROR = ['entered-in-error'];

/** The bundle's type is one of these exactly where all of its entries have the element. */
const entriesHave =
  (name: string, ...types: string[]): Invariant =>
  ({ entry = [], type }) =>
    (entry as Parts[]).every((one) => has(one, name) === types.includes(String(type)));
const onlyIn =
  (name: string, ...types: string[]): Invariant =>
  (parts) =>
    !has(parts, name) || types.includes(String(parts['type']));
const notOfType =
  (type: string): Invariant =>
  (parts) =>
    parts['type'] !== type;

/** By key, in the order of the specification's resources. */
export const invariants: Readonly<Record<string, Invariant>> = {
  // Data types
  'att-1': needs('data', 'contentType'),
  'cpt-2': needs('value', 'system'),
  'qty-3': needs('code', 'system'),
  'rng-2': notBoth('low', 'high'),
  'per-1': notBoth('start', 'end'),
  'rat-1': (parts) => has(parts, 'numerator') && has(parts, 'denominator'),
  'ref-1': ({ reference }) => typeof reference !== 'string' || !reference.startsWith('#'),
  'tim-1': needs('duration', 'durationUnit'),
  'tim-2': needs('period', 'periodUnit'),
  'tim-4': ({ duration }) => duration === undefined || (duration as number) >= 0,
  'tim-5': ({ period }) => period === undefined || (period as number) >= 0,
  'tim-6': needs('periodMax', 'period'),
  'tim-7': needs('durationMax', 'duration'),
  'tim-8': needs('countMax', 'count'),
  'tim-9': without('offset'),
  'tim-10': notBoth('timeOfDay', 'when'),
  // Resources
  'ait-1': (parts) =>
    has(parts, 'clinicalStatus') ||
    isCoded(parts['verificationStatus'], ALLERGY_VERIFICATION, ENTERED_IN_ERROR),
  'ait-2': (parts) =>
    !has(parts, 'clinicalStatus') ||
    !isCoded(parts['verificationStatus'], ALLERGY_VERIFICATION, ENTERED_IN_ERROR),
  'app-1': some('type', 'actor'),
  'app-2': (parts) => has(parts, 'start') === has(parts, 'end'),
  'app-3': (parts) =>
    (has(parts, 'start') && has(parts, 'end')) ||
    ['proposed', 'cancelled', 'waitlist'].includes(String(parts['status'])),
  'app-4': (parts) =>
    !has(parts, 'cancelationReason') || ['noshow', 'cancelled'].includes(String(parts['status'])),
  'bdl-1': onlyIn('total', 'searchset', 'history'),
  'bdl-2': ({ entry = [] }) => (entry as Parts[]).every((one) => !has(one, 'search')),
  'bdl-3': entriesHave('request', 'batch', 'transaction', 'history'),
  'bdl-4': entriesHave('response', 'batch-response', 'transaction-response', 'history'),
  'bdl-5': some('resource', 'request', 'response'),
  'bdl-7': ({ entry = [] }) => {
    const urls = (entry as Parts[]).flatMap(({ fullUrl }) => (fullUrl === undefined ? [] : [fullUrl]));
    return new Set(urls).size === urls.length;
  },
  'bdl-8': ({ fullUrl }) => typeof fullUrl !== 'string' || !fullUrl.includes('/_history/'),
  'bdl-9': notOfType('document'),
  'bdl-10': notOfType('document'),
  'bdl-11': notOfType('document'),
  'bdl-12': ({ type, entry = [] }) =>
    type !== 'message' ||
    ((entry as Parts[])[0]?.['resource'] as Parts | undefined)?.['resourceType'] === 'MessageHeader',
  'cmp-1': some('text', 'entry', 'section'),
  'cmp-2': notBoth('emptyReason', 'entry'),
  'con-1': some('summary', 'assessment'),
  'con-2': some('code', 'detail'),
  'con-4': (parts) =>
    !hasChoice(parts, 'abatement') ||
    isCoded(parts['clinicalStatus'], CONDITION_CLINICAL, ['resolved', 'remission', 'inactive']),
  'con-5': (parts) =>
    !has(parts, 'clinicalStatus') ||
    !isCoded(parts['verificationStatus'], CONDITION_VERIFICATION, ENTERED_IN_ERROR),
  'cpl-3': notBoth('detail', 'reference'),
  'ctm-1': without('onBehalfOf'),
  'gol-1': (parts) => !hasChoice(parts, 'detail') || has(parts, 'measure'),
  'imm-1': some('documentType', 'reference'),
  'inv-1': notBoth('lastModified', 'authoredOn'),
  'mad-1': (parts) => has(parts, 'dose') || hasChoice(parts, 'rate'),
  'obs-3': some('low', 'high', 'text'),
  'obs-6': (parts) => !has(parts, 'dataAbsentReason') || !hasChoice(parts, 'value'),
  'obs-7': (parts) => !has(parts, 'component') || !hasChoice(parts, 'value'),
  'org-1': some('identifier', 'name'),
  'org-2': ({ use }) => use !== 'home',
  'org-3': ({ use }) => use !== 'home',
  'pat-1': some('name', 'telecom', 'address', 'organization'),
  'prr-1': needs('orderDetail', 'code'),
};
