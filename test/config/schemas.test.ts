import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { editorSchemas } from '../../src/config/schemas.ts';
import { registry } from '../../src/registry.ts';
import { registry as small } from './fixture.ts';

interface JsonSchema {
  required?: string[];
  properties?: Record<string, JsonSchema>;
  description?: string;
  default?: unknown;
  items?: JsonSchema;
}

describe('editorSchemas', () => {
  for (const [name, schema] of Object.entries(editorSchemas(registry))) {
    it(`are what stands in schema/${name} (node scripts/schemas.ts writes it)`, () => {
      const file = new URL(`../../schema/${name}`, import.meta.url);
      expect(JSON.parse(readFileSync(file, 'utf8'))).to.deep.equal(JSON.parse(JSON.stringify(schema)));
    });

    it(`describe each option of ${name}`, () => {
      expect(undescribed(schema as JsonSchema, '')).to.deep.equal([]);
    });
  }

  it('ask for no key that has a default', () => {
    const schema = editorSchemas(small)['system.schema.json'] as JsonSchema;
    expect(schema.required).to.deep.equal(['system', 'description']);
    expect(schema.properties?.['fhir']?.required).to.deep.equal(['base_url']);
  });
});

/** Options without a description, by path. */
function undescribed(schema: JsonSchema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => [
    ...(inner.description === undefined ? [`${path}${key}`] : []),
    ...undescribed(inner, `${path}${key}.`),
    ...(inner.items === undefined ? [] : undescribed(inner.items, `${path}${key}.`)),
  ]);
}
