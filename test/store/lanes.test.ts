import { expect } from 'chai';
import { confirmLeases, endLeases, type LaneName, returnLease, takeLease } from '../../src/store/lanes.ts';
import { createDatabase, type TestDatabase } from '../helpers/postgres.ts';

const lane: LaneName = { kind: 'channel', name: 'adt', lane: 3 };

describe('a lease on a lane', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  it('is held by one owner at a time', async () => {
    const first = await takeLease(database.pool, lane, 'a', 60_000);
    expect(first).to.deep.equal({ ...lane, fence: 1 });
    expect(await takeLease(database.pool, lane, 'b', 60_000)).to.equal(undefined);
    await returnLease(database.pool, first!);
    expect(await takeLease(database.pool, lane, 'b', 60_000)).to.deep.equal({ ...lane, fence: 2 });
  });

  it('can be taken when it ran out, and its first owner can then write nothing more', async () => {
    const frozen = (await takeLease(database.pool, lane, 'a', 1))!;
    await new Promise((resolve) => setTimeout(resolve, 20));
    const present = (await takeLease(database.pool, lane, 'b', 60_000))!;
    expect(present.fence).to.equal(2);
    const confirmed = await confirmLeases(database.pool, [frozen, present], 60_000);
    expect([...confirmed]).to.deep.equal([present]);
    await returnLease(database.pool, frozen);
    expect(await takeLease(database.pool, lane, 'c', 60_000)).to.equal(undefined);
  });

  it('of a dead engine ends when the next one is alone', async () => {
    await takeLease(database.pool, lane, 'dead', 60_000);
    await endLeases(database.pool);
    expect(await takeLease(database.pool, lane, 'b', 60_000)).to.deep.equal({ ...lane, fence: 2 });
  });

  it('goes to exactly one of many that ask at once', async () => {
    const all = await Promise.all(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((owner) => takeLease(database.pool, lane, owner, 60_000)),
    );
    expect(all.filter((lease) => lease !== undefined)).to.have.length(1);
  });
});
