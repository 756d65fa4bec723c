import { expect } from 'chai';
import fc from 'fast-check';
import { PipehatError } from '../../src/errors.ts';
import { conversions } from '../../src/mapping/conversions.ts';

/** The base64 that comes of a text; the code of the error where it is none. */
function base64Of(text: string): unknown {
  try {
    const conversion = conversions.base64Binary!;
    return 'convert' in conversion ? conversion.convert(text) : undefined;
  } catch (error) {
    return error instanceof PipehatError ? error.code : error;
  }
}

describe('the conversion base64Binary', () => {
  it('takes what encoding gives, without line breaks', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const base64 = Buffer.from(bytes).toString('base64');
        expect(base64Of(base64.replace(/.{10}/g, '$&\r\n'))).to.equal(base64);
      }),
    );
  });

  it('refuses everything else', () => {
    for (const text of ['QUJ', 'QUJDQ===', 'QU=D', '====', 'QUJ-', 'Q\u00e4JD', 'QQ==QQ=='])
      expect(base64Of(text), text).to.equal('mapping-bad-value');
  });

  it('takes 20 MB', () => {
    const text = 'QUJD'.repeat(5_000_000);
    expect(base64Of(text) === text).to.equal(true);
  });
});
