import { expect } from 'chai';
import { owingMessages, readStandings } from '../../src/store/acknowledgements.ts';
import { createDatabase, type TestDatabase } from '../helpers/postgres.ts';

describe('how messages stand', () => {
  let database: TestDatabase;

  before(async () => {
    database = await createDatabase();
    await database.pool.query(`
      insert into message (id, tenant, channel, state, lane, sha256, size, protocol, local, remote, connection, received_at, ack_code, processed_at, application_way, application_delivery)
      select n, 't', 'adt', case when n = 1 then 'received' else 'processed' end, 0, '\\x00', 1, 'mllp', '', '', 1, now(), '',
        case when n = 1 then null else timestamptz '2026-01-02' end, case when n in (2, 4) then 'due' end, case when n = 5 then 50 end
      from generate_series(1, 5) n;
      insert into delivery (id, message_id, destination, lane, state, attempts, created_at) values
        (20, 2, 'lab', 0, 'rejected', 2, '2026-01-01'), (21, 2, 'lab', 0, 'acknowledged', 1, '2026-01-02'),
        (30, 3, 'ehr', 0, 'held', 1, '2026-01-02'), (31, 3, 'ward', 0, 'ambiguous', 1, '2026-01-02'),
        (32, 3, 'lab', 0, 'rejected', 2, '2026-01-02'), (33, 3, 'his', 0, 'cancelled', 0, '2026-01-02'),
        (50, 5, 'his', 0, 'rejected', 1, '2026-01-03');
      insert into attempt (delivery_id, number, message_id, started_at, ended_at, outcome, status) values
        (32, 1, 3, now(), now(), 'transient', null), (32, 2, 3, now(), now(), 'permanent', 'AR')`);
  });
  after(() => database.drop());

  it('is told by the deliveries of the last run, without that of the acknowledgement', async () => {
    const standings = await readStandings(database.pool, [1, 2, 3, 4, 5, 99]);
    const told = [...standings.values()]
      .sort((a, b) => a.id - b.id)
      .map(({ id, state, open, refused_by }) => [id, state, open, refused_by]);
    expect(told).to.deep.equal([
      [1, 'received', 0, null],
      [2, 'processed', 0, null],
      [3, 'processed', 2, 'lab'],
      [4, 'processed', 0, null],
      [5, 'processed', 0, null],
    ]);
    expect(standings.get(3)).to.include({ refused_state: 'rejected', refused_status: 'AR' });
  });

  it('finds debts in order, page by page', async () => {
    expect(await owingMessages(database.pool, ['adt'], 0, 1)).to.deep.equal([2]);
    expect(await owingMessages(database.pool, ['adt', 'other'], 2, 10)).to.deep.equal([4]);
    expect(await owingMessages(database.pool, ['other'], 0, 10)).to.deep.equal([]);
  });
});
