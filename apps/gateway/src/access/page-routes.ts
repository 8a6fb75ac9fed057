import { reservedPrefix } from '@agentpod/core';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { PageKind } from '../pages/words.ts';
import type { Agent } from '../snapshot/snapshot.ts';
import { type AccessContext, type Place, placeOf, sendPage } from './place.ts';
import { cookieNames, cookieValues } from './cookies.ts';
import { hasSession, isForeign } from './judge.ts';
import { localPath } from './local-path.ts';
import { sessionSeconds, signSession } from './session.ts';
import { toVisit } from './visit.ts';

const CallbackQuery = z.object({ code: z.string().max(4096), next: z.string().optional() });
/** The failures of an agent that Traefik shows a page for. */
const UnavailableQuery = z.object({ status: z.coerce.number().int().min(502).max(504) });

/** `/__agentpod/*` on the host of an agent: never reaches the agent, whose service workers could read the codes. */
export function pageRoutes(app: FastifyInstance, context: AccessContext): void {
  app.get(`${reservedPrefix}callback`, async (request, reply) => {
    const place = placeOf(request, reply, { authority: request.headers.host, context });
    if (place === undefined) return reply;
    const { snapshot, site } = place;
    const now = context.now();
    const cookie = request.headers.cookie ?? '';
    const query = CallbackQuery.safeParse(request.query);
    const user =
      query.success &&
      (await context.codes.redeem(snapshot, {
        site,
        code: query.data.code,
        nonces: cookieValues(cookie, cookieNames(snapshot.secure).nonce),
        now,
      }));
    const next = localPath(query.data?.next);
    if (user) {
      context.log.info({ agent: site.agent.ref, user: user.id }, 'hand-over completed');
      setSession(reply, await signSession(snapshot, { site, userId: user.id, now }), place);
    } else if (!(await hasSession(cookie, { ...place, now }))) {
      context.log.info({ agent: site.agent.ref }, 'hand-over refused');
      return sendPage(request, reply, 'log-in-failed');
    }
    // Who is in already, through another tab, needs no code.
    return reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer').redirect(next, 303);
  });

  app.post(`${reservedPrefix}logout`, async (request, reply) => {
    const place = placeOf(request, reply, { authority: request.headers.host, context });
    if (place === undefined) return reply;
    if (isForeign({ ...toVisit(request.headers), method: 'POST', upgrade: false }, place.site)) {
      return sendPage(request, reply, 'not-from-here');
    }
    reply.clearCookie(cookieNames(place.snapshot.secure).session, attributes(place));
    return sendPage(request, reply, 'signed-out');
  });

  app.get(`${reservedPrefix}unavailable`, (request, reply) => {
    const place = placeOf(request, reply, { authority: request.headers.host, context });
    if (place === undefined) return reply;
    const { data } = UnavailableQuery.safeParse(request.query);
    return sendPage(request, reply, pageOfState[place.site.agent.state], data?.status);
  });

  app.all(`${reservedPrefix}closed`, (request, reply) => sendPage(request, reply, 'closed'));
  app.all(`${reservedPrefix}unknown`, (request, reply) => sendPage(request, reply, 'unknown-host'));
}

const pageOfState: Readonly<Record<Agent['state'], PageKind>> = {
  starting: 'starting',
  running: 'silent',
  stopped: 'stopped',
  failed: 'failed',
};

function setSession(reply: FastifyReply, token: string, place: Place): void {
  const names = cookieNames(place.snapshot.secure);
  reply.setCookie(names.session, token, { ...attributes(place), maxAge: sessionSeconds });
  reply.clearCookie(names.nonce, attributes(place));
}

function attributes({ snapshot }: Place) {
  return { path: '/', httpOnly: true, sameSite: 'lax', secure: snapshot.secure } as const;
}
