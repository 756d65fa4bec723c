import { expect } from 'chai';
import { PipehatError } from '../../src/errors.ts';
import { createAllowList, hostPort, isLoopback } from '../../src/network/addresses.ts';
import { createAdmission } from '../../src/network/admission.ts';

describe('addresses', () => {
  it('are allowed by network, IPv4, IPv6, and IPv4 that came over IPv6', () => {
    const isAllowed = createAllowList(['10.1.0.0/16', '192.0.2.7', '2001:db8::/32', '::1']);
    for (const address of ['10.1.255.3', '192.0.2.7', '::ffff:10.1.2.3', '2001:db8:9::1', '::1']) {
      expect(isAllowed(address), address).to.equal(true);
    }
    for (const address of ['10.2.0.1', '192.0.2.8', '::ffff:10.2.0.1', '2001:db9::1', '', 'localhost']) {
      expect(isAllowed(address), address).to.equal(false);
    }
  });

  it('are told from what is none', () => {
    for (const wrong of ['10.1.0.0/33', '10.1', '2001:db8::/129', '999.1.1.1', 'abc']) {
      expect(() => createAllowList([wrong]), wrong)
        .to.throw(PipehatError, wrong)
        .with.property('code', 'option-wrong');
    }
  });

  it('are of this machine alone, or not', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].every(isLoopback)).to.equal(true);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.org'].some(isLoopback)).to.equal(false);
  });

  it('are written with brackets where they need them', () => {
    expect([hostPort('::1', 1), hostPort('10.0.0.1', 2), hostPort(undefined, undefined)]).to.deep.equal([
      '[::1]:1',
      '10.0.0.1:2',
      '?:0',
    ]);
  });
});

describe('admission', () => {
  it('counts in all, and by address', () => {
    const admission = createAdmission({ max_connections: 3, max_connections_per_address: 2 });
    expect(['a', 'a', 'a', 'b', 'c'].map((address) => admission.refusal(address))).to.deep.equal([
      undefined,
      undefined,
      'max_connections_per_address',
      undefined,
      'max_connections',
    ]);
    expect(admission.open).to.equal(3);
    admission.leave('a');
    expect(['c', 'a'].map((address) => admission.refusal(address))).to.deep.equal([
      undefined,
      'max_connections',
    ]);
    admission.leave('c');
    expect(admission.refusal('a')).to.equal(undefined);
  });
});
