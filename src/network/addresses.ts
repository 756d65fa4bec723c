/** Addresses of the network: who may connect, and how an address is written. */
import { BlockList, isIP } from 'node:net';
import { PipehatError } from '../errors.ts';

/** An address or a network in CIDR form, as far as a pattern can tell. */
export const ADDRESS_PATTERN = '^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$';

/**
 * Whether an address is in one of the networks, such as `10.1.0.0/16` or `2001:db8::7`. IPv4 addresses that came over IPv6
 * (`::ffff:10.1.2.3`) count as IPv4. Throws `option-wrong` for what is no network.
 */
export function createAllowList(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = familyOf(address);
    const most = family === 'ipv4' ? 32 : 128;
    const length = prefix === undefined ? most : Number(prefix);
    if (family === undefined || length > most) {
      throw new PipehatError('option-wrong', {
        option: `allow_addresses (${network})`,
        expected: 'must be an address or a network such as 10.1.0.0/16',
      });
    }
    list.addSubnet(address, length, family);
  }
  return (address) => {
    const family = familyOf(address);
    return family !== undefined && list.check(address, family);
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  return ({ 4: 'ipv4', 6: 'ipv6' } as const)[isIP(address)];
}

/** Is this the name or address of this machine, as no other can reach it? */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** `host:port`, with brackets around IPv6. */
export function hostPort(host = '?', port = 0): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
