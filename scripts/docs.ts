/** Writes the generated parts of `docs/`: run it after errors, states, metrics or the event envelope change. */
import { writeFileSync } from 'node:fs';
import { documents } from './documents.ts';

for (const [path, text] of Object.entries(await documents())) {
  writeFileSync(new URL(`../${path}`, import.meta.url), text);
}
