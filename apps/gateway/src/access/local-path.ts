import { reservedPrefix } from '@agentpod/core';

const longest = 2048;

/**
 * A path on the same host, or `/`. To a browser `//evil.example` and `/\evil.example` are other hosts, and it drops
 * control characters before it looks. Our own pages are no place to go back to either.
 */
export function localPath(next: string | undefined): string {
  if (next === undefined || next.length > longest || !/^\/[\x21-\x7e]*$/.test(next)) return '/';
  const path = next.split(/[?#]/, 1)[0] ?? '';
  if (next.includes('\\') || path.includes('//') || path.toLowerCase().startsWith(reservedPrefix)) return '/';
  return next;
}
