/** HL7 v2 messages in files of a folder: of this machine, or of a share that is mounted here. */
import { posix } from 'node:path';
import Type from 'typebox';
import { defineSource } from '../component.ts';
import { localFiles } from './local-files.ts';
import { createPickup } from './pickup.ts';
import { pickupOptions } from './pickup-options.ts';

const options = Type.Object(
  {
    path: Type.String({
      pattern: '^/',
      description:
        'The folder, as an absolute path. It is waited for where it is missing, and never made: it may be a share that is not mounted. Its subfolders are not looked into.',
    }),
    ...pickupOptions,
  },
  { additionalProperties: false },
);

/** The source `folder`. */
export const folder = defineSource({
  type: 'folder',
  summary:
    'Picks up files of HL7 v2 messages from a folder: one message or many, with or without batch envelopes.',
  options,
  resources: ({ path }) => [`folder:${posix.resolve(path)}`],
  create: (chosen, context) => {
    const path = posix.resolve(chosen.path);
    return createPickup({ protocol: 'folder', address: path, path, files: localFiles }, chosen, context);
  },
});
