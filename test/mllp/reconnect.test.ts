import { expect } from 'chai';
import { createReconnect } from '../../src/mllp/reconnect.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('reconnect', () => {
  let dials: number;
  let up: boolean;

  beforeEach(() => {
    dials = 0;
    up = false;
  });

  const dial = async (): Promise<string> => {
    dials++;
    await wait(1);
    if (!up) throw new Error(`down ${dials}`);
    return 'connected';
  };

  const failure = (connecting: Promise<unknown>): Promise<string> =>
    connecting.then(
      () => 'connected',
      (error: Error) => error.message,
    );

  it('connects side by side as long as nothing has failed', async () => {
    up = true;
    const { connect } = createReconnect({ random: () => 1 });
    await Promise.all([connect(dial), connect(dial), connect(dial)]);
    expect(dials).to.equal(3);
  });

  it('lets one try for all once something has failed', async () => {
    const { connect } = createReconnect({ random: () => 1, first_ms: 1, most_ms: 5 });
    await failure(connect(dial));
    for (let round = 2; round < 10; round++) {
      const heard = await Promise.all(Array.from({ length: 50 }, () => failure(connect(dial))));
      expect(dials).to.equal(round);
      expect(new Set(heard)).to.deep.equal(new Set([`down ${round}`]));
    }
    up = true;
    const heard = await Promise.all(Array.from({ length: 50 }, () => failure(connect(dial))));
    expect(new Set(heard)).to.deep.equal(new Set(['connected']));
  });

  it('waits longer from failure to failure', async () => {
    const { connect, stop } = createReconnect({ random: () => 1, first_ms: 600_000, most_ms: 600_000 });
    await failure(connect(dial));
    await failure(connect(dial)); // After one failure at once: it may have been a connection that was closed while idle.
    const waiting = failure(connect(dial));
    await wait(20);
    expect(dials).to.equal(2);
    stop(new Error('stopped'));
    expect(await waiting).to.equal('stopped');
    expect(dials).to.equal(2);
  });
});
