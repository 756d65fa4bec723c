import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { Delivery } from '../../src/component.ts';
import { CHUNK_BYTES } from '../../src/engine/attachments.ts';
import { originalOf } from '../../src/engine/original.ts';
import { replayMessage } from '../../src/engine/replay.ts';
import { traceMessage } from '../../src/engine/trace.ts';
import { REFERENCE_MARK } from '../../src/hl7/lift.ts';
import { gather, putBack } from '../../src/hl7/put-back.ts';
import { dropUnusedAttachments } from '../../src/store/attachments.ts';
import { accepted, adt, createWorld, type Receiver, type World } from '../helpers/world.ts';

/** Two whole chunks and a part. */
const pdf = randomBytes(Math.floor(CHUNK_BYTES * 1.8)).toString('base64');

/** Longer than the limit, and nothing that base64 would be. */
const letter = 'Dear colleague, "thank you" for \\T\\ \\.br\\ '.repeat(3000);

describe('large parts of messages', () => {
  let world: World;
  /** What came to the destination: as it was handed over, and whole. */
  let got: { text: string; whole: string; delivery: Delivery }[];
  const take: Receiver = async (delivery) => {
    const text = delivery.body.kind === 'hl7' ? delivery.body.text : '';
    const whole = (await gather(putBack(Buffer.from(text), delivery.attachments))).toString();
    got.push({ text, whole, delivery });
    return { ...accepted, request: text };
  };
  const open = async (more: object = {}): Promise<void> => {
    got = [];
    world = await createWorld({ backend: 'postgres', receivers: { a: take }, ...more });
  };
  const count = async (table: string): Promise<number> =>
    (await world.rows<{ n: number }>(`select count(*)::integer as n from ${table}`))[0]!.n;
  const original = async (id: number): Promise<string> =>
    (await gather((await originalOf(world.database.pool, world.keyring, id))!)).toString();
  const codeOf = (ack: string): string | undefined => /\rMSA\|(\w+)/.exec(ack)?.[1];
  afterEach(() => world.end());

  it('are kept once, stand in no other row, and are put back byte for byte', async () => {
    await open();
    const messages = [adt('P1', 'C1', pdf), adt('P2', 'C2', `${pdf}~${letter}~${pdf}`)];
    for (const message of messages) expect(codeOf(await world.send(message))).to.equal('AA');
    await world.until(() => got.length === 2);
    got.sort((a, b) => a.text.length - b.text.length);
    expect(got.map(({ whole }) => whole)).to.deep.equal(messages);
    expect(got[0]!.text).to.include(REFERENCE_MARK).and.to.have.lengthOf.below(1000);
    expect(got[1]!.text).to.have.lengthOf.below(1000);
    expect([await count('attachment'), await count('message_attachment')]).to.deep.equal([2, 3]);
    expect(await count('attachment_chunk')).to.equal(4);
    await world.until(async () => (await count('attempt')) === 2);
    const [largest] = await world.rows<{ bytes: number }>('select max(length(sealed)) as bytes from payload');
    expect(largest!.bytes).to.be.lessThan(2000);
    expect([await original(1), await original(2)]).to.deep.equal(messages);
  });

  it('may end in a chunk of a single byte', async () => {
    await open();
    const text = `${'x y'.repeat(CHUNK_BYTES).slice(0, CHUNK_BYTES)}!`;
    expect(codeOf(await world.send(adt('P1', 'C1', text)))).to.equal('AA');
    await world.until(() => got.length === 1);
    expect(got[0]!.whole).to.equal(adt('P1', 'C1', text));
    expect(await count('attachment_chunk')).to.equal(2);
  });

  it('are shown as references with their sizes', async () => {
    await open();
    await world.send(adt('P1', 'C1', pdf));
    await world.until(async () => (await count('attempt')) === 1);
    const trace = (await traceMessage(world.database.pool, world.keyring, 1, { bodies: true }))!;
    expect(trace.size_bytes).to.equal(adt('P1', 'C1', pdf).length);
    const [{ reference, size_bytes } = { reference: '', size_bytes: 0 }] = trace.attachments;
    expect(size_bytes).to.equal(pdf.length);
    expect(trace.body).to.equal(adt('P1', 'C1', reference));
    expect(trace.deliveries[0]!.attempts[0]!.request).to.equal(adt('P1', 'C1', reference));
  });

  it('that come again store nothing, and are answered the same', async () => {
    await open();
    const first = await world.send(adt('P1', 'C1', pdf));
    expect(await world.send(adt('P1', 'C1', pdf))).to.equal(first);
    expect([
      await count('message'),
      await count('attachment'),
      await count('attachment_chunk'),
    ]).to.deep.equal([1, 1, 3]);
  });

  it('are delivered again by a replay, after a restart', async () => {
    await open();
    await world.send(adt('P1', 'C1', `${pdf}~${letter}`));
    await world.until(() => got.length === 1);
    await world.restart();
    const { lane } = await replayMessage(world.engine.acts, 1, 'test');
    world.engine.channels[0]!.lanes.wake(lane);
    await world.until(() => got.length === 2);
    expect(got[1]!.whole).to.equal(adt('P1', 'C1', `${pdf}~${letter}`));
  });

  it('of a refused message are kept too', async () => {
    await open();
    const message = adt('P1', 'C1', pdf).replace('ADT^A08', 'QRY^A19');
    expect(codeOf(await world.send(message))).to.equal('AR');
    expect(await world.rows('select state, attachments from message')).to.deep.equal([
      { state: 'rejected', attachments: 1 },
    ]);
    expect(await original(1)).to.equal(message);
  });

  it('hold up what comes behind them on their connection, and nothing on the others', async () => {
    await open();
    const blocker = await world.database.pool.connect();
    await blocker.query('begin');
    // As a slow disk would: nothing can be kept meanwhile.
    await blocker.query('lock table attachment in share row exclusive mode');
    const answered: string[] = [];
    const send = async (id: string, connection: number, rest = ''): Promise<void> => {
      await world.send(adt('P', id, rest), connection);
      answered.push(id);
    };
    const before = send('small before', 1);
    const behind = [send('large', 1, pdf), send('small behind', 1), send('second large', 1, letter)];
    behind.push(send('last', 1));
    await before;
    await send('elsewhere', 2);
    expect(answered).to.deep.equal(['small before', 'elsewhere']);
    await blocker.query('commit');
    blocker.release();
    await Promise.all(behind);
    const rows = await world.rows<{ control_id: string }>('select control_id from message order by id');
    const order = ['small before', 'elsewhere', 'large', 'small behind', 'second large', 'last'];
    expect(rows.map(({ control_id }) => control_id)).to.deep.equal(order);
    await world.until(() => got.length === order.length);
    expect(got.map(({ text }) => text.split('|')[9])).to.deep.equal(order);
  });

  it('go out one after another, where a destination would have to hold too much of them', async () => {
    const free: (() => void)[] = [];
    const handed: string[] = [];
    const receiver: Receiver = async ({ body }) => {
      handed.push(body.kind === 'hl7' ? body.text.split('|')[9]! : '');
      await new Promise<void>((resolve) => free.push(resolve));
      return accepted;
    };
    await open({ receivers: { a: receiver } });
    for (const [patient, letter] of Object.entries({ P1: 'A', P2: 'B' }))
      await world.send(adt(patient, patient, letter.repeat(20_000_000)), Number(patient[1]));
    await world.send(adt('P3', 'P3'));
    await world.until(() => handed.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(handed).to.have.members(['P1', 'P3']);
    await world.until(async () => {
      for (const end of free.splice(0)) end();
      return (await count('attempt')) === 3;
    });
    expect(handed).to.have.members(['P1', 'P2', 'P3']);
  });

  it('that were kept before the message could be stored are found by the resend', async () => {
    await open();
    await world.rows(`create function full_disk() returns trigger language plpgsql as
      $$ begin raise 'no space left' using errcode = '53100'; end $$`);
    await world.rows(
      `create trigger full_disk before insert on message_attachment execute function full_disk()`,
    );
    expect(codeOf(await world.send(adt('P1', 'C1', pdf)))).to.equal('AE');
    expect([await count('message'), await count('attachment')]).to.deep.equal([0, 1]);
    await world.rows('drop trigger full_disk on message_attachment');
    expect(codeOf(await world.send(adt('P1', 'C1', pdf)))).to.equal('AA');
    await world.until(() => got.length === 1);
    expect(got[0]!.whole).to.equal(adt('P1', 'C1', pdf));
    expect(await count('attachment_chunk')).to.equal(3);
  });

  it('that no message has are removed after a while, and no others', async () => {
    await open();
    await world.send(adt('P1', 'C1', pdf));
    await world.rows(
      `insert into attachment values ('\\x01', 5, now()), ('\\x02', 5, now() - interval '2 days')`,
    );
    await world.rows(`insert into attachment_chunk values ('\\x01', 0, 'a'), ('\\x02', 0, 'a')`);
    await world.rows(`update attachment set used_at = now() - interval '2 days' where size > 5`);
    const yesterday = new Date(Date.now() - 24 * 60 * 60_000);
    expect(await dropUnusedAttachments(world.database.pool, yesterday)).to.equal(1);
    expect([await count('attachment'), await count('attachment_chunk')]).to.deep.equal([2, 4]);
    await world.until(() => got.length === 1);
    expect(got[0]!.whole).to.equal(adt('P1', 'C1', pdf));
  });

  it('leave a message whole that speaks of references itself', async () => {
    await open();
    await world.send(adt('P1', 'C1', pdf));
    const trace = (await traceMessage(world.database.pool, world.keyring, 1, { bodies: true }))!;
    const planted = adt('P2', 'C2', `${pdf}~${trace.attachments[0]!.reference}`);
    const small = adt('P3', 'C3', trace.attachments[0]!.reference);
    for (const message of [planted, small]) expect(codeOf(await world.send(message))).to.equal('AA');
    await world.until(() => got.length === 3);
    const whole = got.filter(({ delivery }) => delivery.attachments.length === 0).map(({ text }) => text);
    expect(whole.toSorted()).to.deep.equal([planted, small].toSorted());
    expect(await original(3)).to.equal(small);
  });

  for (const [how, sql] of [
    [
      'changed',
      `update attachment_chunk set sealed = set_byte(sealed, 100, get_byte(sealed, 100) # 1) where number = 1`,
    ],
    [
      'moved',
      'update attachment_chunk set number = number + 5 where number < 2; update attachment_chunk set number = 6 - number where number > 2',
    ],
    ['taken out', 'delete from attachment_chunk where number = 2'],
  ] as const) {
    it(`with a chunk that was ${how} are not delivered`, async () => {
      let ready = false;
      const receiver: Receiver = async (delivery) =>
        ready ? take(delivery) : { ...accepted, outcome: 'transient' };
      await open({ receivers: { a: receiver }, system: { retry: { first_ms: 10, most_ms: 10 } } });
      await world.send(adt('P1', 'C1', pdf));
      await world.until(async () => (await count('attempt')) > 0);
      for (const statement of sql.split(';')) await world.rows(statement);
      ready = true;
      await world.until(
        async () => (await world.rows(`select 1 from attempt where code = 'payload-damaged'`)).length > 0,
      );
      expect(got).to.deep.equal([]);
      const failed = await original(1).then(
        () => undefined,
        (error: { code: string }) => error.code,
      );
      expect(failed).to.equal('payload-damaged');
    });
  }
});
