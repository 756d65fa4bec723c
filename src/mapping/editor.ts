/** The JSON Schema of mapping files for editors: the schemas that check them, with rules inside rules spelled out. */
import { mappingSchemas, ruleSchema, stepSchema } from './schema.ts';

const oneOrMore = (name: string) => ({
  anyOf: [{ $ref: `#/$defs/${name}` }, { type: 'array', items: { $ref: `#/$defs/${name}` } }],
});

const ruleOrRules = oneOrMore('rule');

/** What the compiler checks level by level, by the key that holds it. */
const NESTED: Readonly<Record<string, object>> = {
  rules: { type: 'object', additionalProperties: ruleOrRules },
  cases: { type: 'object', additionalProperties: ruleOrRules },
  identity: ruleOrRules,
  display: ruleOrRules,
  resources: { type: 'array', items: { $ref: '#/$defs/step' } },
};

/** One schema for all kinds of mapping file. */
export function mappingEditorSchema(): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $defs: { rule: withNested(ruleSchema), step: withNested(stepSchema) },
    anyOf: Object.values(mappingSchemas).map(withNested),
  };
}

function withNested(schema: { readonly properties: Readonly<Record<string, object>> }): object {
  const properties = Object.entries(schema.properties).map(([name, property]) => {
    const { description } = property as { description?: string };
    const nested = NESTED[name];
    return [name, nested === undefined ? property : { ...(description && { description }), ...nested }];
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}
