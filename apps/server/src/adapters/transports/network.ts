import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';

export interface Address {
  readonly address: string;
  readonly family: number;
}

/** What deliveries need of this machine; tests hand in another one. */
export interface Network {
  /** In milliseconds, for one whole delivery: name, connection, TLS and answer. */
  readonly timeoutMs: number;
  resolve(host: string): Promise<readonly Address[]>;
  ownAddresses(): readonly string[];
  nowMs(): number;
}

export const thisMachine: Network = {
  timeoutMs: 10_000,
  resolve: async (host) => await lookup(host, { all: true, verbatim: true }),
  ownAddresses: () => Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
  nowMs: () => Date.now(),
};
