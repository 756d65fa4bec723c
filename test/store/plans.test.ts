import { expect } from 'chai';
import { owingMessagesQuery, standingsQuery } from '../../src/store/acknowledgements.ts';
import { dueInQuery, openDeliveriesQuery } from '../../src/store/deliveries.ts';
import { waitingMessagesQuery } from '../../src/store/messages.ts';
import { createDatabase, type TestDatabase } from '../helpers/postgres.ts';

/** The queries that run for every batch must find their rows by index, however many are stored. */
describe('query plans of the hot path', () => {
  let database: TestDatabase;

  before(async () => {
    database = await createDatabase();
    await database.pool.query(`
      insert into message (tenant, channel, state, lane, sha256, size, protocol, local, remote, connection, received_at, ack_code)
      select 't', 'adt', case when n % 100 = 0 then 'received' else 'processed' end, n % 8, '\\x00', 1, 'mllp', '', '', 1, now(), 'AA'
      from generate_series(1, 20000) n;
      insert into payload (message_id, kind, owner, number, sealed) select id, 'message', 0, 0, '\\x00' from message;
      insert into payload (message_id, kind, owner, number, sealed) select id, 'event', 1, 0, '\\x00' from message;
      insert into delivery (message_id, event_number, destination, lane, order_key, state, created_at, next_attempt_at)
      select id, 1, 'ehr', id % 8, decode(lpad(to_hex(id % 500), 32, '0'), 'hex'),
        case when id % 97 = 0 then 'held' when id % 50 = 0 then 'pending' else 'acknowledged' end, now(), now() + interval '1 hour'
      from message;
      analyze message, payload, delivery, event;`);
  });
  after(() => database.drop());

  async function planOf(query: string, values: unknown[]): Promise<string> {
    const { rows } = await database.pool.query(
      `explain (analyze, costs off, timing off, summary off) ${query}`,
      values,
    );
    return rows.map((row: Record<string, string>) => row['QUERY PLAN']).join('\n');
  }

  it('waiting messages come from message_waiting', async () => {
    const plan = await planOf(waitingMessagesQuery, [['adt', 'adt'], [3, 4], 32]);
    expect(plan).to.include('message_waiting');
    expect(plan).to.not.include('Seq Scan on message');
  });

  it('open deliveries come from delivery_open, held keys from delivery_holding', async () => {
    const plan = await planOf(openDeliveriesQuery, [['ehr'], [3], [32], [7], ['ehr'], [Buffer.alloc(16)]]);
    expect(plan).to.match(/delivery_open|delivery_holding/);
    expect(plan).to.not.include('Seq Scan');
  });

  it('how messages stand comes from delivery_message, and debts from message_owing', async () => {
    const ids = Array.from({ length: 50 }, (_, n) => n * 100 + 1);
    const standings = await planOf(standingsQuery, [ids]);
    expect(standings).to.include('message_pkey').and.to.include('delivery_message');
    expect(standings).to.not.include('Seq Scan on message').and.to.not.include('Seq Scan on delivery');
    const owing = await planOf(owingMessagesQuery, [['adt'], 0, 100]);
    expect(owing).to.include('message_owing');
  });

  it('the first held delivery comes from delivery_holding', async () => {
    const plan = await planOf(dueInQuery, ['ehr', 3]);
    expect(plan).to.include('delivery_holding');
    expect(plan).to.not.include('Seq Scan');
  });
});
