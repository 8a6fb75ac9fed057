import { AppError, LogIn, Me } from '@agentpod/core';
import { type Api, nothing, problems } from '../api.ts';
import { giveSession, identify, refuseCrossSiteBrowser, sessionOf, takeSession } from '../identity.ts';
import type { RouteContext } from '../services.ts';
import { fewAttempts } from './few-attempts.ts';

export function sessionRoutes(api: Api, context: RouteContext): void {
  const { accounts } = context.services;

  api.post(
    '/v1/session',
    {
      config: { rateLimit: fewAttempts },
      schema: { summary: 'Log in', tags: ['session'], security: [], body: LogIn, response: { 200: Me, ...problems } },
    },
    async (request, reply) => {
      refuseCrossSiteBrowser(request, context);
      const loggedIn = await accounts.logIn(request.body.username, request.body.password);
      if (!loggedIn) throw new AppError('unauthorized', 'WrongPassword', 'the name or the password is wrong');
      giveSession(reply, loggedIn.session, context);
      return { id: loggedIn.person.id, username: loggedIn.person.username, via: 'session' as const };
    },
  );

  api.delete(
    '/v1/session',
    {
      schema: { summary: 'Log out; also when nobody is logged in', tags: ['session'], security: [], response: nothing },
    },
    async (request, reply) => {
      const session = sessionOf(request, context);
      if (session !== undefined) {
        refuseCrossSiteBrowser(request, context);
        await accounts.logOut(session);
      }
      takeSession(reply, context);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/v1/session',
    { schema: { summary: 'Who am I', tags: ['session'], response: { 200: Me, ...problems } } },
    (request) => identify(request, context),
  );
}
