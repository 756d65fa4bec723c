import { expect } from 'chai';
import type { Delivery } from '../../src/component.ts';
import { accepted, adt, createWorld, type World } from '../helpers/world.ts';

describe('acknowledgements that are owed to a system', () => {
  let world: World;
  afterEach(() => world.end());

  it('are paid at the next start, when an engine died between the outcome and the payment', async () => {
    const told: string[] = [];
    const his = async ({ body }: Delivery) => {
      if (body.kind === 'hl7' && body.text.includes('\rMSA|')) told.push(body.text);
      return accepted;
    };
    world = await createWorld({
      backend: 'postgres',
      receivers: { his },
      channel: {
        ack: {
          ...{ when: 'delivered', timeout_ms: 1000, mode: 'auto' },
          ...{ application_to: 'his', only_aa: false },
        },
      },
    });
    const asking = adt('P1', 'C1').replace('|P|2.5\r', '|P|2.5|||AL|AL\r');
    expect(await world.send(asking)).to.include('\rMSA|CA|C1\r');
    await world.until(() => told.length === 1);
    expect(told[0]).to.include('\rMSA|AA|C1\r');
    await world.restart();
    expect(told).to.have.length(1);
    await world.rows(`update message set application_way = 'due', application_delivery = null`);
    await world.restart();
    await world.until(() => told.length === 2);
    expect(told[1]).to.equal(told[0]);
  });
});
