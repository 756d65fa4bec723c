/** Whatever message comes: a valid, linked result or a coded error, never anything else. */
import { expect } from 'chai';
import { PipehatError } from '../../src/errors.ts';
import { createValidator } from '../../src/fhir/validate.ts';
import { readMessage } from '../../src/hl7/message.ts';
import type { Mapped } from '../../src/mapping/mapping.ts';
import { anyMessage, everyEvent } from './any-message.ts';
import { references, shippedDefinitions, shippedMapping } from './shipped.ts';

/** Messages of each event in `npm test`; `MESSAGES=1000` for a long run, `SEED` to see one again. */
const MESSAGES = Number(process.env['MESSAGES'] ?? 20);
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e6));

describe(`any message (SEED=${SEED})`, () => {
  const validate = createValidator(shippedDefinitions());
  const accepted = everyEvent().filter((event) => {
    const [code = '', trigger = ''] = event.split('^');
    return shippedMapping().accepts({ code, event: trigger });
  });

  it('of many events is taken', () => {
    expect(accepted.length).to.be.greaterThan(10);
  });

  for (const event of accepted) {
    it(`of ${event} gives valid, linked resources or a coded error`, () => {
      let mapped = 0;
      for (let n = 0; n < MESSAGES; n++) {
        const text = anyMessage(event, SEED + n);
        const result = outcome(text);
        if (result === undefined) continue;
        mapped++;
        const known = new Set(
          result.entries.map(({ resource }) => `${resource.resourceType}/${resource.id}`),
        );
        for (const { resource, identity } of result.entries) {
          const shown = `SEED=${SEED + n} ${event}\n${text.replaceAll('\r', '\n')}`;
          expect(validate(resource), shown).to.deep.equal([]);
          expect(identity.system, shown).not.to.equal('');
          for (const reference of references(resource)) expect(known, shown).to.include(reference);
        }
      }
      expect(mapped, 'messages that gave resources').to.be.greaterThan(0);
    });
  }
});

function outcome(text: string): Mapped | undefined {
  try {
    return shippedMapping().run(readMessage(text), { tenant: 't', time_zone: 'Europe/Paris' });
  } catch (error) {
    if (error instanceof PipehatError) return undefined;
    throw error;
  }
}
