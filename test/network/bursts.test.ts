import { expect } from 'chai';
import { createBursts } from '../../src/network/bursts.ts';
import { capturingLog } from '../contract/destination.ts';

describe('bursts', () => {
  it('are logged once each, with how much was not said', () => {
    const lines: string[] = [];
    let now = 0;
    const say = createBursts(capturingLog(lines), () => now);
    for (let i = 0; i < 5; i++) say('full', 'refused', { n: i });
    say('other', 'refused too', {});
    now = 59_999;
    say('full', 'refused', { n: 5 });
    now = 60_000;
    say('full', 'refused', { n: 6 });
    expect(lines).to.deep.equal(['refused {"n":0}', 'refused too {}', 'refused {"n":6,"not_said":5}']);
  });
});
