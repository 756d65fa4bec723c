/** HL7 v2 messages in files of an SFTP server. */
import { posix } from 'node:path';
import Type from 'typebox';
import { defineSource } from '../component.ts';
import { PipehatError } from '../errors.ts';
import { createPickup } from './pickup.ts';
import { pickupOptions } from './pickup-options.ts';
import { createSftpFiles } from './sftp-files.ts';

const options = Type.Object(
  {
    host: Type.String({ minLength: 1, description: 'Name or address of the server.' }),
    port: Type.Integer({ default: 22, minimum: 1, maximum: 65535, description: 'Port of the server.' }),
    user: Type.String({ minLength: 1, description: 'User to log in as.' }),
    password: Type.Optional(
      Type.String({ secret: true, description: 'Reference (env or file) to the password.' }),
    ),
    private_key: Type.Optional(
      Type.String({
        secret: true,
        description: 'Reference (env or file) to the private key, in place of a password.',
      }),
    ),
    passphrase: Type.Optional(
      Type.String({ secret: true, description: 'Reference (env or file) to what opens the private key.' }),
    ),
    host_fingerprint: Type.String({
      pattern: '^SHA256:[A-Za-z0-9+/]{43}$',
      description:
        'Fingerprint of the host key, as `ssh-keygen -l` prints it. A server with another key is not talked to.',
    }),
    path: Type.String({
      pattern: '^/',
      description:
        'The folder on the server, as an absolute path. It is waited for where it is missing, and never made.',
    }),
    connect_timeout_ms: Type.Integer({
      default: 10_000,
      minimum: 1,
      maximum: 600_000,
      description: 'How long to wait for connection and login.',
    }),
    ...pickupOptions,
  },
  { additionalProperties: false },
);

/** The source `sftp`. */
export const sftp = defineSource({
  type: 'sftp',
  summary: 'Picks up files of HL7 v2 messages from an SFTP server, as the source folder does here.',
  options,
  resources: ({ host, port, path }) => [`sftp:${host}:${port}${posix.resolve(path)}`],
  create(chosen, context) {
    const { host, port, user, password, private_key } = chosen;
    if ((password === undefined) === (private_key === undefined)) {
      const expected = 'must be there, or else sftp.private_key, and not both';
      throw new PipehatError('option-wrong', { option: 'sftp.password', expected });
    }
    const path = posix.resolve(chosen.path);
    const address = `${user}@${host}:${port}${path}`;
    return createPickup({ protocol: 'sftp', address, path, files: createSftpFiles(chosen) }, chosen, context);
  },
});
