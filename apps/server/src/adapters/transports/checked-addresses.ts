import { isIP } from 'node:net';
import { AppError } from '@agentpod/core';
import type { Address, Network } from './network.ts';
import { reachOf } from './reach.ts';

export const openLocal = 'Set allowPrivate to true when the receiver is in your own network';

/** The host of a URL as sockets want it: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** What can be said without asking DNS. Throws `forbidden`/`AddressRefused`. */
export function refuseLiteral(host: string, allowPrivate: boolean, network: Network): void {
  const literal = /(^|\.)localhost\.?$/i.test(host) ? '127.0.0.1' : host;
  if (isIP(literal) !== 0) refuseUnlessReachable(literal, allowPrivate, network);
}

/**
 * The addresses of a host, every one of them checked: the connection must go to one of these and to nothing else,
 * or a name could answer differently the second time. Throws `forbidden`/`AddressRefused`, `unavailable`/`NameNotFound`.
 */
export async function checkedAddresses(
  host: string,
  allowPrivate: boolean,
  network: Network,
): Promise<readonly Address[]> {
  const addresses = isIP(host) !== 0 ? [{ address: host, family: isIP(host) }] : await resolve(host, network);
  for (const { address } of addresses) refuseUnlessReachable(address, allowPrivate, network);
  return addresses;
}

async function resolve(host: string, network: Network): Promise<readonly Address[]> {
  const addresses = await network.resolve(host).catch((error: unknown) => {
    throw new AppError('unavailable', 'NameNotFound', `The name ${host} cannot be resolved (${codeOf(error)})`);
  });
  if (addresses.length === 0) throw new AppError('unavailable', 'NameNotFound', `The name ${host} has no address`);
  return addresses;
}

function refuseUnlessReachable(address: string, allowPrivate: boolean, network: Network): void {
  const reach = reachOf(address, network.ownAddresses());
  if (reach === 'public' || (reach === 'local' && allowPrivate)) return;
  if (reach === 'local') {
    throw new AppError(
      'forbidden',
      'AddressRefused',
      `The address ${address} belongs to this machine or to a private network`,
      { field: 'settings.allowPrivate', remedy: openLocal },
    );
  }
  throw new AppError('forbidden', 'AddressRefused', `Nothing is ever delivered to the address ${address}`);
}

export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : 'no answer';
}
