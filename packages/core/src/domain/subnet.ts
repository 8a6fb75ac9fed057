import type { Block } from './agent.ts';
import { AppError } from './errors.ts';

interface Range {
  readonly first: number;
  readonly last: number;
}

const blockSize = 8;

/** IPv4 in CIDR notation → first and last address as numbers. Throws `invalid` for anything else. */
export function parseSubnet(cidr: string): Range {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  const bytes = match?.slice(1, 5).map(Number) ?? [];
  const prefix = Number(match?.[5] ?? 33);
  if (bytes.some((byte) => byte > 255) || prefix > 32) {
    throw new AppError('invalid', 'InvalidSubnet', `"${cidr}" is not an IPv4 subnet such as 10.203.0.0/16`);
  }
  const address = bytes.reduce((value, byte) => value * 256 + byte, 0);
  const size = 2 ** (32 - prefix);
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}

export function overlaps(a: string, b: string): boolean {
  const [left, right] = [parseSubnet(a), parseSubnet(b)];
  return left.first <= right.last && right.first <= left.last;
}

function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

function blockAt(first: number): Block {
  return {
    subnet: `${formatAddress(first)}/29`,
    gateway: formatAddress(first + 1),
    address: formatAddress(first + 2),
  };
}

/** The block of the model gateway: the last /24 of the supernet, of which it uses the first address. */
export function gatewayBlock(supernet: string): Block {
  const { last } = parseSubnet(supernet);
  return blockAt(last - 255);
}

/**
 * The lowest free /29 of the supernet. `taken` are our own blocks, `foreign` other networks and host routes. The last
 * /24 is kept for the gateway. Throws `terminal` when the supernet is full.
 */
export function nextFreeBlock(supernet: string, taken: ReadonlySet<string>, foreign: readonly string[]): Block {
  const { first, last } = parseSubnet(supernet);
  const strangers = foreign.map(parseSubnet);
  for (let start = first; start + blockSize - 1 <= last - 256; start += blockSize) {
    const end = start + blockSize - 1;
    const block = blockAt(start);
    if (taken.has(block.subnet)) continue;
    if (strangers.some((stranger) => stranger.first <= end && start <= stranger.last)) continue;
    return block;
  }
  throw new AppError('terminal', 'NoAddressLeft', `every /29 of ${supernet} is in use`, {
    remedy: 'Purge deleted agents, or install with a larger AGENTPOD_SUPERNET.',
  });
}
