import { createHash } from 'node:crypto';
import { type Language, openAgain, type PageKind, words } from './words.ts';

export interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly html: string;
}

interface Behaviour {
  readonly status: number;
  /** After how many seconds it is worth to look again. */
  readonly retrySeconds?: number;
  /** Offers the way back to the agent. */
  readonly link?: true;
}

const behaviours: Readonly<Record<PageKind, Behaviour>> = {
  starting: { status: 503, retrySeconds: 5 },
  silent: { status: 503, retrySeconds: 5 },
  stopped: { status: 503 },
  failed: { status: 503, retrySeconds: 60 },
  'gateway-starting': { status: 503, retrySeconds: 2 },
  'unknown-host': { status: 404 },
  closed: { status: 404, link: true },
  'not-found': { status: 404, link: true },
  'log-in-failed': { status: 403, link: true },
  'not-from-here': { status: 403, link: true },
  'signed-out': { status: 200, link: true },
  broken: { status: 500 },
};

const style =
  ':root{color-scheme:light dark}' +
  'body{font:1.05rem/1.6 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center}' +
  'main{max-width:30rem;padding:2rem}h1{font-size:1.5rem;margin:0 0 .5rem}p{margin:0 0 1rem}';

const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A small page that needs nothing else and repeats nothing of the request. `status` replaces the usual one. */
export function renderPage(kind: PageKind, language: Language, status?: number): Page {
  const { retrySeconds, link, status: usual } = behaviours[kind];
  const { title, text } = words[language][kind];
  return {
    status: status ?? usual,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      vary: 'Accept-Language',
      ...(retrySeconds === undefined ? {} : { 'retry-after': String(retrySeconds) }),
    },
    html:
      `<!doctype html><html lang="${language === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8">` +
      '<meta name="viewport" content="width=device-width,initial-scale=1">' +
      (retrySeconds === undefined ? '' : `<meta http-equiv="refresh" content="${retrySeconds}">`) +
      `<title>${title}</title><style>${style}</style></head><body><main><h1>${title}</h1><p>${text}</p>` +
      `${link === undefined ? '' : `<p><a href="/">${openAgain[language]}</a></p>`}</main></body></html>`,
  };
}
