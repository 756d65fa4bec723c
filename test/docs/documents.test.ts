import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { documents } from '../../scripts/documents.ts';
import { errors } from '../../src/errors.ts';

const made = await documents();

describe('the generated parts of docs', () => {
  for (const [path, text] of Object.entries(made)) {
    it(`of ${path} say what the code says (node scripts/docs.ts writes them)`, () => {
      expect(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')).to.equal(text);
    });
  }

  it('have every error under a heading of its own', () => {
    const headings = [...made['docs/errors.md']!.matchAll(/^### (.+)$/gm)].map((match) => match[1]);
    expect(headings).to.deep.equal(Object.keys(errors));
  });
});
