import type { IncomingHttpHeaders } from 'node:http';

/** What Traefik tells about a request that it asks permission for. */
export interface Visit {
  readonly authority: string;
  readonly uri: string;
  readonly method: string;
  readonly upgrade: boolean;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  /** A person opens an address in a window, rather than a page fetching something. */
  readonly navigation: boolean;
  readonly cookie: string;
  readonly authorization: string;
}

export function toVisit(headers: IncomingHttpHeaders): Visit {
  const one = (name: string): string | undefined => headers[name]?.toString();
  const method = (one('x-forwarded-method') ?? '').toUpperCase();
  // Traefik removes `Upgrade` before it asks; the version is what is left of a browser's handshake.
  const upgrade =
    one('upgrade') !== undefined ||
    one('sec-websocket-version') !== undefined ||
    /^wss?$/i.test(one('x-forwarded-proto') ?? '');
  const mode = one('sec-fetch-mode');
  const destination = one('sec-fetch-dest');
  const opens =
    mode === undefined && destination === undefined
      ? /\btext\/html\b/i.test(one('accept') ?? '')
      : mode === 'navigate' && (destination ?? 'document') === 'document';
  return {
    authority: one('x-forwarded-host') ?? '',
    uri: one('x-forwarded-uri') ?? '/',
    method,
    upgrade,
    origin: one('origin'),
    fetchSite: one('sec-fetch-site'),
    navigation: opens && method === 'GET' && !upgrade,
    cookie: one('cookie') ?? '',
    authorization: one('authorization') ?? '',
  };
}
