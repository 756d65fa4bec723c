/** Every kind of source and destination there is. A new one is one file, and one line here. */
import type { Registry } from './config/configuration.ts';
import { fhir } from './destinations/fhir.ts';
import { file } from './destinations/file.ts';
import { mllp as mllpDestination } from './destinations/mllp.ts';
import { http } from './sources/http.ts';
import { mllp as mllpSource } from './sources/mllp.ts';

/** The built-in kinds. */
export const registry: Registry = {
  sources: [mllpSource, http],
  destinations: [fhir, mllpDestination, file],
};
