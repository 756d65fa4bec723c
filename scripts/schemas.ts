/** Writes `schema/*.schema.json`, for editors: run it after options of files or components change. */
import { writeFileSync } from 'node:fs';
import { editorSchemas } from '../src/config/schemas.ts';
import { registry } from '../src/registry.ts';

for (const [name, schema] of Object.entries(editorSchemas(registry))) {
  const file = new URL(`../schema/${name}`, import.meta.url);
  writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`);
}
