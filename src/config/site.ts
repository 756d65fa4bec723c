/** `pipehat.yaml`: the site. */
import Type, { type Static } from 'typebox';

/** Options of `pipehat.yaml`. */
export const siteSchema = Type.Object(
  {
    site: Type.String({
      pattern: '^[a-z][a-z0-9-]*$',
      description: 'Name of the site: lower-case letters, digits, hyphens.',
    }),
    tenant: Type.Optional(
      Type.String({
        pattern: '^[a-z][a-z0-9-]*$',
        description: 'Whose data this is: own keys, own resource ids. Default: the name of the site.',
      }),
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
      },
      { default: {}, additionalProperties: false, description: 'Status page, API and metrics.' },
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
