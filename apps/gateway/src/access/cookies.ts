export interface CookieNames {
  readonly session: string;
  readonly nonce: string;
}

/** Browsers take the `__Host-` prefix, which keeps other hosts from planting the cookie, only over HTTPS. */
export function cookieNames(secure: boolean): CookieNames {
  return secure
    ? { session: '__Host-agentpod', nonce: '__Host-agentpod-nonce' }
    : { session: 'agentpod', nonce: 'agentpod-nonce' };
}

const ours: ReadonlySet<string> = new Set([
  '__Host-agentpod',
  '__Host-agentpod-nonce',
  '__Host-agentpod-console',
  'agentpod',
  'agentpod-nonce',
  'agentpod-console',
]);

/** Every value under this name: a neighbouring host can plant a second one where there is no `__Host-`. */
export function cookieValues(header: string, name: string): string[] {
  return pairs(header)
    .filter((pair) => nameOf(pair) === name)
    .map((pair) => pair.slice(pair.indexOf('=') + 1).trim());
}

/** What may go on to the agent; nothing when nothing is left. */
export function withoutOurs(header: string): string | undefined {
  const rest = pairs(header).filter((pair) => !ours.has(nameOf(pair)));
  return rest.length === 0 ? undefined : rest.join('; ');
}

function pairs(header: string): string[] {
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter(Boolean);
}

function nameOf(pair: string): string {
  return pair.split('=', 1)[0]?.trim() ?? '';
}
