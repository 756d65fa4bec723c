import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { anchorChains, auditAct, createWriter, verifyAudit } from '../../src/store/audit.ts';
import { createDatabase, type TestDatabase } from '../helpers/postgres.ts';

const sign = (text: string): Buffer => createHmac('sha256', 'key').update(text).digest();

describe('the audit chain', () => {
  let database: TestDatabase;
  const writer = (chain: string) => createWriter({ pool: database.pool, chain, sign, now: () => new Date() });
  const broken = async () => (await verifyAudit(database.pool, sign)).broken;

  beforeEach(async () => {
    database = await createDatabase();
    const [a, b] = [writer('a'), writer('b')];
    for (let n = 1; n <= 5; n++)
      await Promise.all([auditAct(a, 'message', n, 'received'), auditAct(b, 'message', n, 'processed')]);
    await anchorChains(database.pool, sign, new Date());
  });
  afterEach(() => database.drop());

  it('holds, over several chains', async () => {
    expect(await verifyAudit(database.pool, sign)).to.deep.equal({
      links: 10,
      entries: 10,
      chains: 2,
      anchors: 1,
      broken: undefined,
    });
  });

  it('names the first link whose entries were changed', async () => {
    await database.pool.query(
      `update audit_link set entries = '[["message",3,"filtered"]]' where chain = 'b' and number = 3`,
    );
    expect(await broken()).to.include({ chain: 'b', number: 3 });
  });

  it('names the link after one that was taken out', async () => {
    await database.pool.query(`delete from audit_link where chain = 'a' and number = 2`);
    expect(await broken()).to.include({ chain: 'a', number: 3 });
  });

  it('misses links cut off the end of a chain that an anchor saw', async () => {
    await database.pool.query(`delete from audit_link where chain = 'a' and number = 5`);
    expect(await broken()).to.include({ chain: 'a', number: 5 });
  });

  it('misses a whole chain that an anchor saw, and an anchor', async () => {
    await database.pool.query(`delete from audit_link where chain = 'a'`);
    expect(await broken()).to.include({ chain: 'a' });
    await auditAct(writer('c'), 'message', 9, 'received');
    await anchorChains(database.pool, sign, new Date());
    await database.pool.query(`delete from audit_anchor where number = 1`);
    expect(await broken()).to.include({ chain: 'anchor', number: 2 });
  });

  it('does not hold under another key: who can write to the database can not forge it', async () => {
    const other = (text: string): Buffer => createHmac('sha256', 'other').update(text).digest();
    expect((await verifyAudit(database.pool, other)).broken).to.include({ number: 1 });
  });

  it('keeps no entry of a transaction that failed, and goes on after it', async () => {
    const chain = writer('d');
    await auditAct(chain, 'message', 1, 'received');
    const failed = await chain
      .run(async (transaction) => {
        transaction.audit('message', 2, 'received');
        await transaction.query({ text: 'select 1/0' });
      })
      .catch((error: { code: string }) => error.code);
    expect(failed).to.equal('22012');
    await auditAct(chain, 'message', 3, 'received');
    const { rows } = await database.pool.query(
      `select number, entries from audit_link where chain = 'd' order by number`,
    );
    expect(rows).to.deep.equal([
      { number: 1, entries: '[["message",1,"received"]]' },
      { number: 2, entries: '[["message",3,"received"]]' },
    ]);
    expect(await broken()).to.equal(undefined);
  });

  it('anchors nothing twice', async () => {
    expect(await anchorChains(database.pool, sign, new Date())).to.equal(undefined);
  });
});
