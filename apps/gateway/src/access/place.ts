import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { renderPage } from '../pages/page.ts';
import { languageOf, type PageKind } from '../pages/words.ts';
import { hostnameOf, type Site, type Snapshot } from '../snapshot/snapshot.ts';
import type { HandoverCodes } from './handover-codes.ts';

export interface AccessContext {
  readonly snapshot: () => Snapshot | undefined;
  readonly codes: HandoverCodes;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Where a request belongs to. */
export interface Place {
  readonly snapshot: Snapshot;
  readonly site: Site;
}

/** Nothing, and the answer sent, when there is no agent at that host or no snapshot to know it from. */
export function placeOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { authority, context }: { authority: string | undefined; context: AccessContext },
): Place | undefined {
  const snapshot = context.snapshot();
  if (snapshot === undefined) {
    sendPage(request, reply, 'gateway-starting');
    return undefined;
  }
  const site = snapshot.sites.get(hostnameOf(authority ?? '') ?? '');
  if (site === undefined) {
    sendPage(request, reply, 'unknown-host');
    return undefined;
  }
  return { snapshot, site };
}

export function sendPage(request: FastifyRequest, reply: FastifyReply, kind: PageKind, status?: number): FastifyReply {
  const page = renderPage(kind, languageOf(request.headers['accept-language']), status);
  return reply.code(page.status).headers(page.headers).send(page.html);
}
