/** Synthetic events for the tests of all that writes FHIR. */
import { createHash } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import type { CanonicalEvent, EventEntry } from '../../src/event.ts';

const SYSTEM = 'urn:oid:1.2.3';

/** One entry, its id made from type and value. */
export function entry(resource: Resource, value: string, system = SYSTEM): EventEntry {
  const hash = createHash('sha256').update(`${resource.resourceType}|${system}|${value}`).digest('hex');
  const id = hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
  const identified = { ...resource, id, identifier: [{ system, value }] };
  return { resource: identified as EventEntry['resource'], identity: { system, value } };
}

/** An event with these entries. */
export function eventOf(entries: readonly EventEntry[]): CanonicalEvent {
  return {
    schema: 'pipehat.event/1',
    id: '00000000-0000-8000-8000-000000000001',
    correlation_id: '00000000-0000-4000-8000-000000000001',
    tenant: 'demo',
    source_system: 'HIS@GHH',
    type: 'encounter.admitted',
    action: 'create',
    received_at: '2026-01-05T10:00:00+01:00',
    payload_hash: '00',
    channel: 'adt',
    config: '00',
    entries,
  };
}

/** The same entry, only mentioned. */
export function mentioned(entry: EventEntry): EventEntry {
  return { ...entry, context: true };
}

/** A result of the visit of {@link admission}, that mentions patient and visit and knows little of them. */
export function result(mrn: string): CanonicalEvent {
  const patient = entry({ resourceType: 'Patient' }, mrn);
  const encounter = entry(
    {
      resourceType: 'Encounter',
      status: 'unknown',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor', code: 'UNK' },
      subject: { reference: `Patient/${patient.resource.id}` },
    },
    `V${mrn}`,
  );
  const observation = entry(
    {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'Sodium' },
      subject: { reference: `Patient/${patient.resource.id}` },
      encounter: { reference: `Encounter/${encounter.resource.id}` },
    },
    `R${mrn}`,
  );
  return eventOf([mentioned(patient), mentioned(encounter), observation]);
}

/** Patient `mrn` comes in: Patient, Location, and an Encounter that refers to both. */
export function admission(mrn: string, family = 'Sample'): CanonicalEvent {
  const patient = entry({ resourceType: 'Patient', name: [{ family }] }, mrn);
  const location = entry({ resourceType: 'Location', name: 'Ward 1' }, 'W1');
  const encounter = entry(
    {
      resourceType: 'Encounter',
      status: 'in-progress',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP' },
      subject: { reference: `Patient/${patient.resource.id}` },
      location: [{ location: { reference: `Location/${location.resource.id}`, display: 'Ward 1' } }],
    },
    `V${mrn}`,
  );
  return eventOf([patient, location, encounter]);
}
