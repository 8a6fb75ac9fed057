import { createHash, timingSafeEqual } from 'node:crypto';

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Takes as long for a wrong text as for the right one. `expected` is SHA-256 in hex. */
export function hasSha256(text: string, expected: string): boolean {
  const actual = createHash('sha256').update(text).digest();
  const wanted = Buffer.from(expected, 'hex');
  return wanted.length === actual.length && timingSafeEqual(actual, wanted);
}
