import { randomBytes } from 'node:crypto';
import { AppError, toProblem } from '@agentpod/core';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type AccessContext, type Place, placeOf } from './place.ts';
import { cookieNames, cookieValues } from './cookies.ts';
import { digestOfNonce } from './handover-codes.ts';
import { judge } from './judge.ts';
import { localPath } from './local-path.ts';
import { toVisit, type Visit } from './visit.ts';

/** A person may take their time at the log-in page; the code that follows is good for 30 s. */
const nonceSeconds = 3600;

/**
 * Traefik's forward-auth: 200 lets the request through with the headers of the answer in place of its own; anything else
 * goes to the visitor as it is.
 */
export function authRoute(app: FastifyInstance, context: AccessContext): void {
  app.all('/auth', async (request, reply) => {
    const visit = toVisit(request.headers);
    const place = placeOf(request, reply, { authority: visit.authority, context });
    if (place === undefined) return reply;
    const verdict = await judge(visit, { ...place, now: context.now() });
    switch (verdict.kind) {
      case 'pass':
        // What is not named here Traefik removes: our cookie and any bearer token end at this point.
        reply.headers({ 'x-agentpod-user': verdict.user, 'x-agentpod-proxy': '1' });
        if (verdict.cookie !== undefined) reply.header('cookie', verdict.cookie);
        return reply.code(200).send();
      case 'log-in':
        return startHandover(reply, visit, place);
      case 'unknown':
        return sendProblem(reply, new AppError('unauthorized', 'NotLoggedIn', 'log in to open this agent'));
      case 'foreign':
        context.log.info({ agent: place.site.agent.ref, upgrade: visit.upgrade }, 'request of another origin refused');
        return sendProblem(
          reply,
          new AppError('forbidden', 'ForeignOrigin', 'this request was made by the page of another host'),
        );
    }
  });
}

function startHandover(reply: FastifyReply, visit: Visit, { snapshot, site }: Place): FastifyReply {
  const { nonce: name } = cookieNames(snapshot.secure);
  // Tabs that are opened together share one, or all but the last would come back to a stranger.
  const present = cookieValues(visit.cookie, name);
  const [only] = present.length === 1 ? present : [];
  const nonce = only !== undefined && /^[\w-]{43}$/.test(only) ? only : randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    host: site.authority,
    nonce: digestOfNonce(nonce),
    next: localPath(visit.uri),
  });
  return reply
    .setCookie(name, nonce, {
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: snapshot.secure,
      maxAge: nonceSeconds,
    })
    .header('cache-control', 'no-store')
    .redirect(`${snapshot.consoleUrl}/handover?${query.toString()}`, 302);
}

function sendProblem(reply: FastifyReply, error: AppError): FastifyReply {
  const problem = toProblem(error);
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .header('cache-control', 'no-store')
    .send(JSON.stringify(problem));
}
