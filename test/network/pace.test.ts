import { expect } from 'chai';
import { createPace } from '../../src/network/pace.ts';
import { eventually } from '../contract/destination.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('pace', () => {
  let late: number;
  let bytes: number;

  beforeEach(() => {
    late = 0;
    bytes = 0;
  });

  const pace = (timeout_ms: number) => createPace({ timeout_ms, bytes: () => bytes, late: () => late++ });

  it('ends a message that takes too long, once', async () => {
    const clock = pace(20);
    clock.begin();
    clock.begin();
    await eventually(() => late > 0);
    await wait(60);
    expect(late).to.equal(1);
  });

  it('has nothing against a message that ended, or the next one', async () => {
    const clock = pace(50);
    for (let i = 0; i < 10; i++) {
      clock.begin();
      await wait(10);
      clock.end();
    }
    await wait(80);
    expect(late).to.equal(0);
    clock.begin();
    await eventually(() => late === 1);
  });

  it('gives a message that comes fast enough more time', async () => {
    bytes = 16_000_000; // A thousand seconds.
    const clock = pace(10);
    clock.begin();
    await wait(60);
    expect(late).to.equal(0);
    clock.end();
  });

  it('stands still while nobody reads', async () => {
    const clock = pace(30);
    clock.begin();
    clock.pause();
    await wait(100);
    expect(late).to.equal(0);
    clock.resume();
    await eventually(() => late === 1);
    clock.pause();
    clock.begin();
    await wait(60);
    expect(late).to.equal(1);
    clock.resume();
    await eventually(() => late === 2);
  });
});
