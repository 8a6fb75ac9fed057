import ipaddr from 'ipaddr.js';

/**
 * Where an address leads. `public`: the internet. `local`: this machine or its own networks, which an operator may
 * open. `never`: nothing that a notice could be meant for (metadata of the cloud, link-local, multicast, unassigned).
 */
export type Reach = 'public' | 'local' | 'never';

/** Clouds' metadata and control addresses that lie in ranges which are otherwise fine; 169.254.169.254 is link-local. */
const metadata = new Set(['100.100.100.200', '168.63.129.16', 'fd00:ec2:0:0:0:0:0:254']);

const localRanges = new Set(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat']);

export function reachOf(address: string, own: readonly string[]): Reach {
  if (!ipaddr.isValid(address)) return 'never';
  const parsed = ipaddr.parse(address);
  if (metadata.has(parsed.toNormalizedString())) return 'never';
  const range = parsed.range();
  // NAT64 wraps the real IPv4 address in its last 32 bits.
  if (range === 'rfc6052') return reachOf(parsed.toByteArray().slice(12).join('.'), own);
  if (localRanges.has(range)) return 'local';
  if (range !== 'unicast' || !isGlobal(parsed)) return 'never';
  return own.some((mine) => isSame(mine, parsed)) ? 'local' : 'public';
}

/** Of IPv6 only 2000::/3 is given out; ::7f00:1 and the like are "unicast" too. */
function isGlobal(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return address.kind() === 'ipv4' || ((address.toByteArray()[0] ?? 0) & 0xe0) === 0x20;
}

function isSame(mine: string, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return ipaddr.isValid(mine) && ipaddr.parse(mine).toNormalizedString() === address.toNormalizedString();
}
