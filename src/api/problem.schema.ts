/** How the API says that something went wrong (RFC 9457). */
import Type, { type Static } from 'typebox';

export const Problem = Type.Object(
  {
    type: Type.String({ description: '`urn:pipehat:error:CODE`' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'A code of docs/errors.md.' }),
    detail: Type.String({ description: 'What was expected and what was found.' }),
    advice: Type.String({ description: 'What to do.' }),
  },
  { description: 'RFC 9457 problem document' },
);
export type Problem = Static<typeof Problem>;

/** Responses that every route with a token can give, for its schema. */
export const problemResponses = {
  '4xx': { content: { 'application/problem+json': { schema: Problem } } },
  '5xx': { content: { 'application/problem+json': { schema: Problem } } },
};
