/** JSON Schemas of the files that people edit, for their editors: made from the same definitions that check the files. */
import type { TSchema } from 'typebox';
import { mappingEditorSchema } from '../mapping/editor.ts';
import { channelSchema } from './channel.ts';
import type { Registry } from './configuration.ts';
import { profileSchema } from './profile.ts';
import { siteSchema } from './site.ts';
import { systemSchema } from './system.ts';

/** The schemas by the name of their file in `schema/`. */
export function editorSchemas({ sources, destinations }: Registry): Record<string, object> {
  return {
    'pipehat.schema.json': editorSchema(siteSchema),
    'channel.schema.json': editorSchema(channelSchema(sources)),
    'system.schema.json': editorSchema(systemSchema(destinations)),
    'profile.schema.json': editorSchema(profileSchema),
    'mapping.schema.json': mappingEditorSchema(),
  };
}

/** As people write the file: a key that has a default may be missing. */
function editorSchema(schema: TSchema): object {
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...(withoutDefaulted(schema) as object) };
}

function withoutDefaulted(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutDefaulted);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [
    key,
    key === 'required' && Array.isArray(value)
      ? value.filter((name) => !hasDefault(schema, name))
      : withoutDefaulted(value),
  ]);
  return Object.fromEntries(entries);
}

function hasDefault(schema: object, name: string): boolean {
  const { properties = {} } = schema as { properties?: Record<string, object> };
  return 'default' in (properties[name] ?? {});
}
