/** Who may connect: by address, and as long as there are not too many. */
import type { ConnectionRefusal } from '../component.ts';
import { createAllowList } from './addresses.ts';

/** The limits of a listener. */
export interface AdmissionOptions {
  readonly max_connections: number;
  readonly max_connections_per_address?: number | undefined;
  /** Addresses and networks; undefined: everybody. */
  readonly allow_addresses?: readonly string[] | undefined;
}

/** Counts connections, and says which may stay. */
export interface Admission {
  /** Why a connection from there can't stay; undefined: it stays, and is counted until `leave`. */
  refusal(address: string): ConnectionRefusal | undefined;
  leave(address: string): void;
  /** Connections that are counted. */
  readonly open: number;
}

/** Throws `option-wrong` where an address is none. */
export function createAdmission(options: AdmissionOptions): Admission {
  const {
    max_connections,
    max_connections_per_address = Number.POSITIVE_INFINITY,
    allow_addresses,
  } = options;
  const isAllowed = allow_addresses === undefined ? () => true : createAllowList(allow_addresses);
  const byAddress = new Map<string, number>();
  let open = 0;
  return {
    get open() {
      return open;
    },
    refusal(address) {
      const ofAddress = byAddress.get(address) ?? 0;
      if (!isAllowed(address)) return 'address';
      if (open >= max_connections) return 'max_connections';
      if (ofAddress >= max_connections_per_address) return 'max_connections_per_address';
      byAddress.set(address, ofAddress + 1);
      open++;
      return undefined;
    },
    leave(address) {
      const left = (byAddress.get(address) ?? 1) - 1;
      if (left === 0) byAddress.delete(address);
      else byAddress.set(address, left);
      open--;
    },
  };
}
