import { randomBytes, scrypt, type ScryptOptions, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import pLimit from 'p-limit';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

export interface PasswordCost {
  /** Binary logarithm of scrypt's N. */
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** One of OWASP's equivalent recommendations, the one with 32 MiB: about 0.2 s on a small server. */
export const strongCost: PasswordCost = { logN: 15, r: 8, p: 3 };

const saltBytes = 16;
const hashBytes = 32;

/** A burst of log-ins must not take the memory of the control plane, nor all threads of the process. */
const oneAfterAnother = pLimit(2);

/** `scrypt$15$8$3$<salt>$<hash>`: carries its cost, so that a later release may raise it. */
export async function hashPassword(password: string, cost: PasswordCost): Promise<string> {
  const salt = randomBytes(saltBytes);
  return format(cost, salt, await scryptOf(password, salt, cost));
}

/** What a password is compared with when there is no such person: none fits, and finding out takes as long. */
export function nobodysPassword(cost: PasswordCost): string {
  return format(cost, Buffer.alloc(saltBytes), Buffer.alloc(hashBytes));
}

export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [, logN, r, p, salt = '', hash = ''] = stored.split('$');
  const expected = Buffer.from(hash, 'base64url');
  const cost = { logN: Number(logN), r: Number(r), p: Number(p) };
  const given = await scryptOf(password, Buffer.from(salt, 'base64url'), cost);
  return expected.length === given.length && timingSafeEqual(expected, given);
}

function format({ logN, r, p }: PasswordCost, salt: Buffer, hash: Buffer): string {
  return ['scrypt', logN, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

async function scryptOf(password: string, salt: Buffer, { logN, r, p }: PasswordCost): Promise<Buffer> {
  const N = 2 ** logN;
  // Keyboards differ in how they compose a letter.
  const text = password.normalize('NFKC');
  return oneAfterAnother(() => derive(text, salt, hashBytes, { N, r, p, maxmem: 128 * N * r * 2 }));
}
