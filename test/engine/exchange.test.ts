import { expect } from 'chai';
import fc from 'fast-check';
import { exchangeBytes, readExchange } from '../../src/engine/exchange.ts';

describe('request and response as one payload', () => {
  it('come back as they were, whatever they hold', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(text, text, (request, response) => {
        expect(readExchange(exchangeBytes({ request, response }))).to.deep.equal({ request, response });
      }),
    );
  });
});
