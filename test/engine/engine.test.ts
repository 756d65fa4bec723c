import { expect } from 'chai';
import type { Delivery } from '../../src/component.ts';
import { verifyAudit } from '../../src/store/audit.ts';
import { hasRedis } from '../helpers/redis.ts';
import { accepted, adt, createWorld, type Receiver, type World } from '../helpers/world.ts';

const controlId = (delivery: Delivery): string =>
  delivery.body.kind === 'hl7' ? delivery.body.text.split('|')[9]! : '';

/** What every backend of the queues must keep. */
function lanesOver(backend: 'postgres' | 'redis'): void {
  describe(`lanes and deliveries over ${backend}`, () => {
    let world: World;
    const open = async (receivers: Record<string, Receiver>, more: object = {}): Promise<World> => {
      world = await createWorld({ backend, receivers, ...more });
      return world;
    };
    afterEach(() => world.end());

    it('acknowledges what is committed, and delivers it to every destination once', async () => {
      const got: Record<string, string[]> = { a: [], b: [] };
      const take =
        (name: string): Receiver =>
        async (delivery) => {
          got[name]!.push(controlId(delivery));
          return accepted;
        };
      await open({ a: take('a'), b: take('b') });
      const ids = Array.from({ length: 50 }, (_, i) => `C${i}`);
      const acks = await Promise.all(ids.map((id, i) => world.send(adt(`P${i % 10}`, id))));
      for (const [i, ack] of acks.entries()) expect(ack).to.match(new RegExp(`MSA\\|AA\\|${ids[i]}\r`));
      await world.until(() => got.a!.length >= 50 && got.b!.length >= 50);
      expect(got.a!.toSorted()).to.deep.equal(ids.toSorted());
      expect(got.b!.toSorted()).to.deep.equal(ids.toSorted());
      await world.until(
        async () => (await world.rows(`select 1 from delivery where state <> 'acknowledged'`)).length === 0,
      );
    });

    it('keeps the order of each patient, side by side with the others', async () => {
      const got = new Map<string, number[]>();
      await open({
        a: async (delivery) => {
          const [patient = '', n] = controlId(delivery).split('-');
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
          got.set(patient, [...(got.get(patient) ?? []), Number(n)]);
          return accepted;
        },
      });
      for (let n = 0; n < 12; n++) {
        await Promise.all(
          ['P1', 'P2', 'P3', 'P4', 'P5'].map((patient) => world.send(adt(patient, `${patient}-${n}`))),
        );
      }
      await world.until(() => [...got.values()].flat().length >= 60);
      for (const numbers of got.values())
        expect(numbers).to.deep.equal(Array.from({ length: 12 }, (_, n) => n));
    });

    it('keeps the order of messages that come without waiting, however long each takes to seal', async () => {
      const got: string[] = [];
      await open({
        a: async (delivery) => {
          got.push(controlId(delivery));
          return accepted;
        },
      });
      const sizes = [200_000, 0, 8_000, 0, 50_000, 0];
      await Promise.all(sizes.map((size, n) => world.send(adt('P', `C${n}`, 'x'.repeat(size)))));
      await world.until(() => got.length === sizes.length);
      expect(got).to.deep.equal(sizes.map((_, n) => `C${n}`));
    });

    it('holds a failing patient, and nobody else', async () => {
      let down = true;
      const got: string[] = [];
      await open({
        a: async (delivery) => {
          const id = controlId(delivery);
          if (id === 'bad-0' && down)
            return { outcome: 'transient', code: 'internal', says: 'busy', request: '', response: '' };
          got.push(id);
          return accepted;
        },
      });
      for (const n of [0, 1, 2]) await world.send(adt('bad', `bad-${n}`));
      for (const n of [0, 1, 2]) await world.send(adt(`good${n}`, `good-${n}`));
      await world.until(() => got.length === 3);
      expect(got.toSorted()).to.deep.equal(['good-0', 'good-1', 'good-2']);
      await world.until(
        async () => (await world.rows(`select 1 from attempt where outcome = 'transient'`)).length >= 3,
      );
      down = false;
      await world.until(() => got.length === 6);
      expect(got.slice(3)).to.deep.equal(['bad-0', 'bad-1', 'bad-2']);
    });

    it('parks what the receiver refuses for good, and goes on with the same patient', async () => {
      const got: string[] = [];
      await open({
        a: async (delivery) => {
          got.push(controlId(delivery));
          return got.length === 1
            ? { outcome: 'permanent', status: 'AR', request: '', response: '' }
            : accepted;
        },
      });
      await world.send(adt('P', 'no'));
      await world.send(adt('P', 'yes'));
      await world.until(() => got.length === 2);
      await world.until(
        async () => (await world.rows(`select 1 from delivery where settled_at is null`)).length === 0,
      );
      const states = await world.rows<{ state: string }>('select state from delivery order by id');
      expect(states.map(({ state }) => state)).to.deep.equal(['rejected', 'acknowledged']);
    });

    it('holds an unanswered delivery for a person where the system says so, with its patient', async () => {
      const got: string[] = [];
      const receiver: Receiver = async (delivery) => {
        got.push(controlId(delivery));
        return controlId(delivery) === 'lost'
          ? { outcome: 'ambiguous', request: 'x', response: '' }
          : accepted;
      };
      await open({ a: receiver }, { system: { unanswered: 'hold' } });
      await world.send(adt('P', 'lost'));
      await world.send(adt('P', 'behind'));
      await world.send(adt('Q', 'other'));
      await world.until(
        async () => (await world.rows(`select 1 from delivery where state = 'ambiguous'`)).length === 1,
      );
      await world.until(() => got.includes('other'));
      await world.restart();
      await world.until(
        async () => (await world.rows(`select 1 from delivery where state = 'acknowledged'`)).length === 1,
      );
      expect(got).to.not.include('behind');
    });

    it('settles what an engine left submitted when it died', async () => {
      await open({
        a: async ({ attempt }) =>
          attempt === 1
            ? { outcome: 'transient', request: '', response: '', retry_after_ms: 60_000 }
            : accepted,
      });
      await world.send(adt('P', 'C'));
      await world.until(
        async () => (await world.rows(`select 1 from delivery where state = 'held'`)).length === 1,
      );
      // What a second attempt leaves behind that is cut off between sending and answer.
      await world.rows(`update delivery set state = 'submitted', attempts = 2, next_attempt_at = null`);
      await world.restart();
      await world.until(
        async () => (await world.rows(`select 1 from delivery where state = 'acknowledged'`)).length === 1,
      );
      const attempts = await world.rows<object>('select number, outcome, code from attempt order by number');
      expect(attempts).to.deep.equal([
        { number: 1, outcome: 'transient', code: null },
        { number: 2, outcome: 'ambiguous', code: 'delivery-interrupted' },
        { number: 3, outcome: 'accepted', code: null },
      ]);
    });

    it('goes on after the queue was lost whole', async () => {
      const got: string[] = [];
      let open_ = false;
      await open(
        {
          a: async (delivery) => {
            if (!open_) return { outcome: 'transient', request: '', response: '' };
            got.push(controlId(delivery));
            return accepted;
          },
        },
        { sweep_ms: 100 },
      );
      for (let n = 0; n < 20; n++) await world.send(adt(`P${n}`, `C${n}`));
      for (const { lanes } of [...world.engine.channels, ...world.engine.systems])
        await lanes.queue.obliterate({ force: true });
      open_ = true;
      await world.until(() => got.length === 20);
    });

    it('leaves nothing of a message in the queue', async () => {
      await open({
        a: async () => ({ outcome: 'transient', request: '', response: '', retry_after_ms: 60_000 }),
      });
      await world.send(adt('SECRET-NUMBER', 'C'));
      await world.until(
        async () => (await world.rows(`select 1 from delivery where state = 'held'`)).length === 1,
      );
      for (const { lanes } of [...world.engine.channels, ...world.engine.systems]) {
        const jobs = await lanes.queue.getJobs([
          'active',
          'completed',
          'delayed',
          'failed',
          'waiting',
          'prioritized',
        ]);
        for (const job of jobs) expect(Object.keys(job.data as object)).to.deep.equal(['lane']);
      }
    });

    it('chains every move in the audit', async () => {
      await open({ a: async () => accepted });
      await world.send(adt('P', 'C'));
      await world.until(
        async () => (await world.rows(`select 1 from delivery where state = 'acknowledged'`)).length === 1,
      );
      const links = await world.rows<{ entries: string }>(
        'select entries from audit_link order by at, number',
      );
      const moves = links
        .flatMap(({ entries }) => JSON.parse(entries) as string[][])
        .filter(([kind]) => kind !== 'engine');
      expect(moves.map(([kind, , what]) => `${kind} ${what}`)).to.deep.equal([
        ...[
          'message received',
          'message processed',
          'delivery pending',
          'delivery submitted',
          'delivery acknowledged',
        ],
      ]);
      const verified = await verifyAudit(world.database.pool, world.keyring.sign);
      expect(verified.broken).to.equal(undefined);
    });
  });
}

lanesOver('postgres');
if (hasRedis()) lanesOver('redis');
