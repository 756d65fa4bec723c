/** Every kind of source and destination there is. A new one is one file, and one line here. */
import type { Registry } from './config/configuration.ts';
import { fhir } from './destinations/fhir.ts';
import { file } from './destinations/file.ts';
import { mllp as mllpDestination } from './destinations/mllp.ts';
import { folder } from './sources/folder.ts';
import { http } from './sources/http.ts';
import { mllp as mllpSource } from './sources/mllp.ts';
import { sftp } from './sources/sftp.ts';

/** The built-in kinds. */
export const registry: Registry = {
  sources: [mllpSource, http, folder, sftp],
  destinations: [fhir, mllpDestination, file],
};
