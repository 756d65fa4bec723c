/** `/openapi.json`: the API's own description, made from the schemas of its routes. */
import swagger from '@fastify/swagger';
import type { Api } from './typebox.ts';

/** Collects the routes that are added after it, and serves their description. */
export async function addOpenapi(app: Api, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Pipehat', description: 'HL7 v2 / FHIR interface engine', version },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}
