/** A small site and the components it uses, for tests of configuration. */
import Type from 'typebox';
import { defineDestination, defineSource } from '../../src/component.ts';
import type { Registry, SiteFile } from '../../src/config/configuration.ts';
import { compileConfiguration, type LoadContext, type Loaded } from '../../src/config/load.ts';
import { readDefinitions } from '../../src/fhir/definitions.ts';
import { formatProblem } from '../../src/problem.ts';

const neverMade = () => {
  throw new Error('loading must make nothing');
};

/** Like the real ones, but they can't be made. */
export const registry: Registry = {
  sources: [
    defineSource({
      type: 'mllp',
      summary: 'HL7 v2 over MLLP.',
      options: Type.Object({ port: Type.Integer(), host: Type.String({ default: '127.0.0.1' }) }),
      resources: ({ port }) => [`tcp:${port}`],
      create: neverMade,
    }),
  ],
  destinations: [
    defineDestination({
      type: 'fhir',
      summary: 'A FHIR server.',
      options: Type.Object({
        base_url: Type.String({ pattern: '^https?://' }),
        timeout_ms: Type.Integer({ default: 30_000 }),
      }),
      takes: () => 'event',
      create: neverMade,
    }),
    defineDestination({
      type: 'file',
      summary: 'A file.',
      options: Type.Object({
        path: Type.String(),
        content: Type.Enum(['event', 'hl7'], { default: 'event' }),
      }),
      takes: ({ content }) => content,
      create: neverMade,
    }),
  ],
};

/** Loads with {@link registry}. */
export const context: LoadContext = { registry, definitions: readDefinitions() };

/** The files of a site that is right, by path. */
export const SITE: Readonly<Record<string, string>> = {
  'pipehat.yaml': 'site: demo\ntime_zone: Europe/Berlin\n',
  'systems/ehr.yaml': 'system: ehr\ndescription: EHR\nfhir: { base_url: "http://127.0.0.1:1/fhir" }\n',
  'systems/lab.yaml': 'system: lab\ndescription: Lab\nfile: { path: lab.ndjson, content: hl7 }\n',
  'channels/adt.yaml': `channel: adt
description: Patients
source: { mllp: { port: 2575 } }
accept: { messages: [ADT^A01, ADT^A08] }
steps:
  - filter: MSH-11 == "P"
  - set: { PID-3.4: RGH, MSH-6: { cel: MSH-4 } }
  - transform: names
route:
  - { to: ehr, write: [Patient] }
  - { to: lab, when: MSH-9.2 == "A01" }
`,
  'mappings/names/adt.yaml': `message: ADT
events:
  A01: { type: patient.updated, action: update }
  A08: { type: patient.updated, action: update }
occurred: [MSH-7]
resources:
  - { map: PID, to: Patient }
`,
  'mappings/names/pid.yaml': `map: PID
to: Patient
identity: { rules: { system: { value: urn:x }, value: { from: PID-3.1 } } }
rules:
  name: { rules: { family: { from: PID-5.1 } } }
`,
};

/** Compiles {@link SITE} with some files changed or added (undefined takes one away). */
export function compile(
  changes: Readonly<Record<string, string | undefined>> = {},
  existing: readonly string[] = [],
): Loaded & { readonly lines: string[] } {
  const files = Object.entries({ ...SITE, ...changes }).flatMap(([file, text]): SiteFile[] =>
    text === undefined ? [] : [{ file, text }],
  );
  const loaded = compileConfiguration(files, context, (file) => existing.includes(file));
  return { ...loaded, lines: loaded.problems.map(formatProblem) };
}

/** `channels/adt.yaml` of {@link SITE} with one text in place of another. */
export function channelWith(before: string, after: string): Readonly<Record<string, string>> {
  const text = SITE['channels/adt.yaml']!;
  if (!text.includes(before)) throw new Error(`the channel has no ${before}`);
  return { 'channels/adt.yaml': text.replace(before, after) };
}
