import { hasSha256 } from '../digest.ts';
import type { Site, Snapshot } from '../snapshot/snapshot.ts';
import { cookieNames, cookieValues, withoutOurs } from './cookies.ts';
import { verifySession } from './session.ts';
import type { Visit } from './visit.ts';

export type Verdict =
  /** `user` is what the agent calls the visitor; `cookie` what it may see of the visitor's cookies. */
  | { readonly kind: 'pass'; readonly user: string; readonly cookie: string | undefined }
  /** Nobody we know, in a window that can be sent to log in. */
  | { readonly kind: 'log-in' }
  /** Nobody we know, and nobody to ask. */
  | { readonly kind: 'unknown' }
  /** Somebody we know, but the request was made by the page of another host. */
  | { readonly kind: 'foreign' };

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** At most so many cookies of one name are looked at: a neighbour may have planted more. */
const mostSessions = 3;

/** Whether a request may go on to the agent. `now` is in milliseconds since 1970. */
export async function judge(
  visit: Visit,
  { snapshot, site, now }: { snapshot: Snapshot; site: Site; now: number },
): Promise<Verdict> {
  const cookie = withoutOurs(visit.cookie);
  const token = /^Bearer +([\w.~+/=-]{1,512})$/i.exec(visit.authorization)?.[1];
  if (token !== undefined && hasSha256(token, site.agent.probeTokenHash)) {
    return { kind: 'pass', user: site.agent.probeUser, cookie };
  }
  if (await hasSession(visit.cookie, { snapshot, site, now })) {
    return isForeign(visit, site) ? { kind: 'foreign' } : { kind: 'pass', user: site.agent.user, cookie };
  }
  return { kind: visit.navigation ? 'log-in' : 'unknown' };
}

export async function hasSession(
  cookie: string,
  { snapshot, site, now }: { snapshot: Snapshot; site: Site; now: number },
): Promise<boolean> {
  const tokens = cookieValues(cookie, cookieNames(snapshot.secure).session).slice(0, mostSessions);
  const people = await Promise.all(tokens.map((token) => verifySession(snapshot, { site, token, now })));
  return people.some((person) => person !== undefined);
}

/**
 * Cookies alone prove nothing about who made the request: the hosts of other agents run untrusted code and are the same
 * site, so browsers send our cookie along with whatever their pages ask for.
 */
export function isForeign(
  { method, upgrade, origin, fetchSite, navigation }: Omit<Visit, 'authority' | 'uri' | 'cookie' | 'authorization'>,
  site: Site,
): boolean {
  // Browsers disagree on `Sec-Fetch-Site` of a WebSocket; `Origin` they all send.
  if (upgrade) return origin !== site.origin;
  const elsewhere = fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none';
  if (safeMethods.has(method)) return elsewhere && !navigation;
  return elsewhere || origin !== site.origin;
}
