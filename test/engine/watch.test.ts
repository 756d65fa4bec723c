import { expect } from 'chai';
import { createWatch, type Watch } from '../../src/engine/watch.ts';
import type { Standing } from '../../src/store/acknowledgements.ts';

/** How a message of these tests stands. */
const standing = (id: number, more: Partial<Standing> = {}): Standing => ({
  ...{ id, state: 'received', error_code: null, error_at: null, error_says: null, open: 0 },
  ...{ refused_by: null, refused_state: null, refused_status: null },
  ...more,
});

/** Longer than any of these tests. */
const LONG_MS = 60_000;

describe('watching messages', () => {
  const store = new Map<number, Standing>();
  let reads: (readonly number[])[];
  let broken: Error | undefined;
  let watch: Watch;

  beforeEach(() => {
    store.clear();
    reads = [];
    broken = undefined;
    watch = createWatch({
      read: async (ids) => {
        reads.push(ids);
        if (broken !== undefined) throw broken;
        return new Map([...store].filter(([id]) => ids.includes(id)));
      },
    });
  });

  it('wakes who waits when the message has come far enough, and reads for nobody else', async () => {
    store.set(1, standing(1));
    const processed = watch.wait(1, 'processed', LONG_MS, false);
    const delivered = watch.wait(1, 'delivered', LONG_MS, false);
    watch.changed(2);
    store.set(1, standing(1, { state: 'processed', open: 1 }));
    watch.changed(1);
    expect((await processed)?.open).to.equal(1);
    store.set(1, standing(1, { state: 'processed' }));
    watch.changed(1);
    expect((await delivered)?.open).to.equal(0);
    watch.changed(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(reads).to.deep.equal([[1], [1]]);
  });

  it('looks at once for what may be there already', async () => {
    store.set(1, standing(1, { state: 'filtered' }));
    expect((await watch.wait(1, 'delivered', LONG_MS, true))?.state).to.equal('filtered');
  });

  it('finds what another process has committed', async () => {
    const waiting = watch.wait(1, 'processed', LONG_MS, false);
    store.set(1, standing(1, { state: 'failed' }));
    expect((await waiting)?.state).to.equal('failed');
  });

  it('gives how it stands when the time is up, to that one only', async () => {
    store.set(1, standing(1));
    let others = 0;
    const other = watch.wait(1, 'processed', LONG_MS, false).then(() => {
      others += 1;
    });
    expect((await watch.wait(1, 'processed', 5, false))?.state).to.equal('received');
    expect(await watch.wait(7, 'processed', 5, false)).to.equal(undefined);
    expect(others).to.equal(0);
    watch.stop(0);
    await other;
  });

  it('says that the store is away', async () => {
    const waiting = watch.wait(1, 'processed', LONG_MS, false).catch((error: unknown) => error);
    broken = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    watch.changed(1);
    expect(await waiting).to.have.property('code', 'store-unreachable');
  });

  it('lets nobody wait once it is stopped', async () => {
    store.set(1, standing(1));
    const before = watch.wait(1, 'processed', LONG_MS, false);
    watch.stop(1);
    expect((await before)?.state).to.equal('received');
    expect((await watch.wait(1, 'processed', LONG_MS, false))?.state).to.equal('received');
  });
});
