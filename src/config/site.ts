/** `pipehat.yaml`: the site. */
import Type, { type Static } from 'typebox';
import type { Problem } from '../problem.ts';
import { checkShape, withDefaults, type YamlFile } from '../yaml.ts';
import { name, REFERENCE_ONLY, timeZoneProblems } from './options.ts';
import { referenceProblems } from './reference.ts';

/** Options of `pipehat.yaml`. */
export const siteSchema = Type.Object(
  {
    site: name('Name of the site.'),
    tenant: Type.Optional(
      name('Whose data this is: own keys, own resource ids. Default: the name of the site.'),
    ),
    time_zone: Type.String({
      description: 'IANA zone of times that come without an offset, such as Europe/Berlin.',
    }),
    data: Type.String({
      default: 'data',
      minLength: 1,
      description: 'Folder for the database, keys and written files.',
    }),
    http: Type.Object(
      {
        host: Type.String({
          default: '127.0.0.1',
          description: 'Address to listen on. Loopback only, unless you say otherwise.',
        }),
        port: Type.Integer({
          default: 8080,
          minimum: 0,
          maximum: 65535,
          description: 'Port of status page, API and metrics.',
        }),
        host_names: Type.Array(Type.String({ minLength: 1 }), {
          default: [],
          description: 'Names beside localhost by which browsers and programs call this server.',
        }),
      },
      { default: {}, additionalProperties: false, description: 'Status page, API and metrics.' },
    ),
    limits: Type.Object(
      {
        intake_bytes: Type.Integer({
          default: 256 * 1024 * 1024,
          minimum: 1024 * 1024,
          description:
            'Memory for messages on their way in, over all connections. When it is used up, connections are read in turn; nothing is dropped.',
        }),
      },
      { default: {}, additionalProperties: false, description: 'Limits of the whole process.' },
    ),
    sandbox: Type.Optional(
      Type.Object(
        {
          port: Type.Integer({ default: 8103, minimum: 0, maximum: 65535, description: 'Port on loopback.' }),
        },
        {
          additionalProperties: false,
          description: 'Start a FHIR server for trials beside the engine; it forgets all at the end.',
        },
      ),
    ),
    log: Type.Object(
      {
        level: Type.Enum(['debug', 'info', 'warn', 'error'], {
          default: 'info',
          description: 'The least that is logged.',
        }),
        form: Type.Enum(['json', 'text'], {
          default: 'text',
          description: 'json for machines, text for a terminal.',
        }),
      },
      {
        default: {},
        additionalProperties: false,
        description: 'Logs; they go to standard error and hold no patient data.',
      },
    ),
    master_key: Type.Optional(
      Type.String({
        pattern: REFERENCE_ONLY,
        description:
          'Reference (env or file) to the 64 hex digits that wrap all data keys. Default: a file in the data folder, made at first start.',
      }),
    ),
  },
  { additionalProperties: false, title: 'pipehat.yaml' },
);

/** The site as `pipehat.yaml` gives it, defaults filled in. */
export interface Site extends Omit<Static<typeof siteSchema>, 'site'> {
  readonly name: string;
  readonly tenant: string;
}

/** Checks `pipehat.yaml`; `site` is absent when it can't be used. */
export function compileSite(yaml: YamlFile): { site?: Site; problems: Problem[] } {
  const problems = [...yaml.problems];
  if (problems.length === 0) problems.push(...checkShape(siteSchema, yaml));
  if (problems.length > 0) return { problems };
  problems.push(...referenceProblems(yaml, []));
  const { site, ...rest } = withDefaults(siteSchema, yaml.value) as Static<typeof siteSchema>;
  problems.push(...timeZoneProblems(yaml, ['time_zone'], rest.time_zone));
  if (problems.length > 0) return { problems };
  return { site: { ...rest, name: site, tenant: rest.tenant ?? site }, problems };
}
