import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError, type Me } from '@agentpod/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RouteContext } from './services.ts';

/** Who asks. `root` is whoever can read the root token on the machine itself. */
export interface Identity extends Me {
  readonly isRoot: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    identity: Identity | undefined;
  }
}

const sessionSeconds = 7 * 24 * 3600;

/** Answers with who asks, or throws `unauthorized`; `forbidden` where another site makes the browser ask. */
export async function identify(request: FastifyRequest, context: RouteContext): Promise<Identity> {
  const { accounts } = context.services;
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const token = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization)?.[1];
    if (token !== undefined && isEqual(token, context.options.rootToken)) {
      return { id: 'root', username: 'root', via: 'token', isRoot: true };
    }
    const person = token === undefined ? undefined : await accounts.byToken(token);
    if (person) return { id: person.id, username: person.username, via: 'token', isRoot: false };
    throw new AppError('unauthorized', 'InvalidToken', 'this token is not valid, or no longer');
  }
  const session = sessionOf(request, context);
  const person = session === undefined ? undefined : await accounts.bySession(session);
  if (!person) {
    throw new AppError('unauthorized', 'NotLoggedIn', 'you are not logged in', {
      remedy: 'Log in, or send a token: "Authorization: Bearer …".',
    });
  }
  refuseCrossSite(request, context);
  return { id: person.id, username: person.username, via: 'session', isRoot: false };
}

/** The identity that the hook found. Only for routes behind it. */
export function whoAsks(request: FastifyRequest): Identity {
  if (request.identity) return request.identity;
  throw new AppError('bug', 'NoIdentity', 'a route without authentication asked who asks');
}

/**
 * A browser sends our cookie whatever page makes it ask, and agents, which run code of strangers, live on the same site.
 * So a change must come from the console's own pages. Throws `forbidden`/`CrossSite`.
 */
export function refuseCrossSite(request: FastifyRequest, { options }: RouteContext): void {
  if (['GET', 'HEAD', 'OPTIONS'].includes(request.method)) return;
  const { origin } = request.headers;
  if (origin === new URL(options.consoleUrl).origin) return;
  if (request.headers['sec-fetch-site'] === 'same-origin') return;
  throw new AppError('forbidden', 'CrossSite', 'this request does not come from the console itself', {
    remedy: `Open the console at ${options.consoleUrl}, or use a token.`,
  });
}

/** The same for requests that nobody is logged in for yet: other programs than browsers send neither header. */
export function refuseCrossSiteBrowser(request: FastifyRequest, context: RouteContext): void {
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (origin !== undefined || site !== undefined) refuseCrossSite(request, context);
}

export function sessionOf(request: FastifyRequest, context: RouteContext): string | undefined {
  return request.cookies[cookieName(context)];
}

export function giveSession(reply: FastifyReply, session: string, context: RouteContext): void {
  void reply.setCookie(cookieName(context), session, { ...attributes(context), maxAge: sessionSeconds });
}

export function takeSession(reply: FastifyReply, context: RouteContext): void {
  void reply.clearCookie(cookieName(context), attributes(context));
}

/** `__Host-` keeps other hosts of the same site from setting it; browsers accept that over HTTPS only. */
function cookieName({ options }: RouteContext): string {
  return options.secure ? '__Host-agentpod-console' : 'agentpod-console';
}

function attributes({ options }: RouteContext) {
  return { httpOnly: true, sameSite: 'lax', path: '/', secure: options.secure } as const;
}

function isEqual(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
