import { createHash } from 'node:crypto';
import { HandoverClaims, handoverSeconds } from '@agentpod/core';
import { jwtVerify } from 'jose';
import type { Site, Snapshot, User } from '../snapshot/snapshot.ts';
import { userSince } from './session.ts';

export interface Redemption {
  readonly site: Site;
  readonly code: string;
  /** Of the browser that brings the code. */
  readonly nonces: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Lets each hand-over code of the console in once. */
export class HandoverCodes {
  readonly #startedAt: number;
  /** Codes that were used, until they would have expired anyway (seconds since 1970). */
  readonly #used = new Map<string, number>();

  /** `startedAt`: since when this object would remember a code, in milliseconds since 1970. */
  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  /** Whom the code stands for; nothing when it is not good here, now, for this browser. */
  async redeem(snapshot: Snapshot, { site, code, nonces, now }: Redemption): Promise<User | undefined> {
    const claims = await this.#verify(snapshot, { site, code, now });
    if (claims === undefined) return undefined;
    // The nonce first: who only stole the code must not be able to use it up either.
    if (!nonces.some((nonce) => digestOfNonce(nonce) === claims.nonce)) return undefined;
    // An older code may have been used before the restart, which we would not know.
    if (claims.iat * 1000 < this.#startedAt || this.#used.has(claims.jti)) return undefined;
    this.#forgetExpired(now);
    this.#used.set(claims.jti, claims.exp);
    return userSince(snapshot, claims.sub, claims.iat);
  }

  async #verify(
    snapshot: Snapshot,
    { site, code, now }: Pick<Redemption, 'site' | 'code' | 'now'>,
  ): Promise<HandoverClaims | undefined> {
    try {
      const { payload } = await jwtVerify(code, snapshot.handoverKey, {
        algorithms: ['HS256'],
        audience: site.authority,
        maxTokenAge: handoverSeconds,
        currentDate: new Date(now),
      });
      return HandoverClaims.parse(payload);
    } catch {
      return undefined; // forged, damaged, expired or for another host
    }
  }

  #forgetExpired(now: number): void {
    for (const [id, expiresAt] of this.#used) if (expiresAt * 1000 < now) this.#used.delete(id);
  }
}

/** What the console may know of the nonce: it goes through an address bar. */
export function digestOfNonce(nonce: string): string {
  return createHash('sha256').update(nonce).digest('base64url');
}
