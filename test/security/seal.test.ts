import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import type { PipehatError } from '../../src/errors.ts';
import { type KeyStore, openKeyring, parseMasterKey, type WrappedKey } from '../../src/security/keys.ts';
import {
  type DataKey,
  NONCE_BYTES,
  open,
  type Purpose,
  seal as sealWith,
  shrinks,
} from '../../src/security/seal.ts';

const key: DataKey = { id: 7, tenant: 'demo', key: randomBytes(32) };

const seal = (by: DataKey, purpose: Purpose, content: Uint8Array): Promise<Buffer> =>
  sealWith(by, purpose, content, randomBytes(NONCE_BYTES));

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as PipehatError).code;
  }
  return 'none';
}

describe('sealed payloads', () => {
  it('open to the same bytes, small or large', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 9000, size: 'max' }),
        fc.boolean(),
        async (content, shrinkable) => {
          const sealed = await sealWith(key, 'message', content, randomBytes(NONCE_BYTES), shrinkable);
          expect(open(key, 'message', sealed)).to.deep.equal(Buffer.from(content));
        },
      ),
    );
  });

  it('differ each time, and show nothing of their content', async () => {
    const content = Buffer.from('PID|1||4711^^^GHH^MR||Winterfrost^Ottilie'.repeat(40));
    const first = await seal(key, 'message', content);
    expect(first.equals(await seal(key, 'message', content))).to.equal(false);
    expect(first.includes('Winterfrost')).to.equal(false);
  });

  it('are deflated where it is worth it', async () => {
    const letter = Buffer.from('Dear colleague, thank you for sending '.repeat(500));
    const document = Buffer.from(randomBytes(30_000).toString('base64'));
    expect([await shrinks(letter), await shrinks(document)]).to.deep.equal([true, false]);
    expect(await shrinks(Buffer.from('x'))).to.equal(false);
    for (const content of [letter, document]) {
      for (const deflated of [true, false]) {
        const sealed = await sealWith(key, 'message', content, randomBytes(NONCE_BYTES), deflated);
        expect(sealed.length < content.length).to.equal(deflated);
        expect(open(key, 'message', sealed).equals(content)).to.equal(true);
      }
    }
  });

  it('do not open in another place', async () => {
    const sealed = await seal(key, 'attachment ab 1', Buffer.from('x'));
    expect(codeOf(() => open(key, 'attachment ab 2', sealed))).to.equal('payload-damaged');
    expect(codeOf(() => open(key, 'attachment cd 1', sealed))).to.equal('payload-damaged');
  });

  it('do not open when any one bit differs', async () => {
    const sealed = await seal(key, 'event', randomBytes(40));
    fc.assert(
      fc.property(fc.nat({ max: sealed.length * 8 - 1 }), (bit) => {
        const damaged = Buffer.from(sealed);
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        expect(codeOf(() => open(key, 'event', damaged))).to.equal('payload-damaged');
      }),
    );
  });

  it('do not open as another purpose or for another tenant', async () => {
    const sealed = await seal(key, 'message', Buffer.from('x'));
    expect(codeOf(() => open(key, 'attempt' satisfies Purpose, sealed))).to.equal('payload-damaged');
    expect(codeOf(() => open({ ...key, tenant: 'other' }, 'message', sealed))).to.equal('payload-damaged');
  });
});

/** Keys kept in memory, as the store would. */
function memoryStore(): KeyStore & { rows: WrappedKey[] } {
  const rows: WrappedKey[] = [];
  return {
    rows,
    all: async (tenant) => rows.filter((row) => row.tenant === tenant),
    async add(tenant, wrapped) {
      const row = { id: rows.length + 1, tenant, wrapped, created_at: new Date('2026-01-01T00:00:00Z') };
      rows.push(row);
      return row;
    },
  };
}

describe('a keyring', () => {
  const master = randomBytes(32);
  const day = 24 * 60 * 60 * 1000;
  const start = new Date('2026-01-01T00:00:00Z');

  it('never uses a nonce twice', async () => {
    const keyring = await openKeyring(master, 'demo', memoryStore(), start);
    const all = await Promise.all(
      Array.from({ length: 2000 }, () => keyring.seal('message', Buffer.from('x'))),
    );
    const nonces = all.map((sealed) => sealed.toString('hex', 5, 17));
    expect(new Set(nonces)).to.have.property('size', 2000);
  });

  it('opens after a restart what it sealed before', async () => {
    const store = memoryStore();
    const keyring = await openKeyring(master, 'demo', store, start);
    const sealed = await keyring.seal('message', Buffer.from('kept'));
    const again = await openKeyring(master, 'demo', store, start);
    expect(again.open('message', sealed).toString()).to.equal('kept');
    expect(store.rows).to.have.length(1);
  });

  it('seals with a new data key after a day, and still opens what the old one sealed', async () => {
    const store = memoryStore();
    const keyring = await openKeyring(master, 'demo', store, start);
    const old = await keyring.seal('message', Buffer.from('old'));
    await keyring.refresh(new Date(start.getTime() + day));
    expect(store.rows).to.have.length(2);
    expect((await keyring.seal('message', Buffer.from('new'))).readUInt32BE(1)).to.equal(2);
    expect(keyring.open('message', old).toString()).to.equal('old');
  });

  it('does not open under another master key', async () => {
    const store = memoryStore();
    await openKeyring(master, 'demo', store, start);
    const failed = await openKeyring(randomBytes(32), 'demo', store, start).catch(
      (error: PipehatError) => error.code,
    );
    expect(failed).to.equal('master-key-wrong');
  });

  it('hashes the same number to the same 16 bytes, apart by kind and by tenant', async () => {
    const a = await openKeyring(master, 'demo', memoryStore(), start);
    const b = await openKeyring(master, 'other', memoryStore(), start);
    expect(a.hash('patient', '4711')).to.deep.equal(a.hash('patient', '4711'));
    expect(a.hash('patient', '4711')).to.have.length(16);
    expect(a.hash('patient', '4711').equals(a.hash('visit', '4711'))).to.equal(false);
    expect(a.hash('patient', '4711').equals(b.hash('patient', '4711'))).to.equal(false);
  });

  it('takes a master key of 64 hex digits and nothing else', () => {
    expect(parseMasterKey(` ${'ab'.repeat(32)}\n`, 'x')).to.have.length(32);
    expect(codeOf(() => parseMasterKey('secret', 'x'))).to.equal('master-key-bad');
  });
});
