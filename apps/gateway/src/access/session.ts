import { jwtVerify, SignJWT } from 'jose';
import type { Snapshot, Site, User } from '../snapshot/snapshot.ts';

export const sessionSeconds = 12 * 3600;

/** For this person on this host alone. `now` is in milliseconds since 1970. */
export async function signSession(
  snapshot: Snapshot,
  { site, userId, now }: { site: Site; userId: string; now: number },
): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  return await new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(userId)
    .setAudience(site.authority)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + sessionSeconds)
    .sign(snapshot.sessionKey);
}

/** Whose session this is, while it is good; nothing otherwise, and never why. */
export async function verifySession(
  snapshot: Snapshot,
  { site, token, now }: { site: Site; token: string; now: number },
): Promise<User | undefined> {
  try {
    const { payload } = await jwtVerify(token, snapshot.sessionKey, {
      algorithms: ['HS256'],
      audience: site.authority,
      requiredClaims: ['sub', 'iat', 'exp'],
      maxTokenAge: sessionSeconds,
      currentDate: new Date(now),
    });
    return userSince(snapshot, payload.sub, payload.iat);
  } catch {
    return undefined; // forged, damaged, expired or for another host
  }
}

/** The person, unless they are gone or all they had opened until then was ended. `issuedAt` is in seconds since 1970. */
export function userSince(snapshot: Snapshot, id: string | undefined, issuedAt: number | undefined): User | undefined {
  const user = snapshot.users.get(id ?? '');
  return user !== undefined && issuedAt !== undefined && issuedAt * 1000 >= user.sessionsNotBefore ? user : undefined;
}
