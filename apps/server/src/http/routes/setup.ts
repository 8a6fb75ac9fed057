import { AppError, Me, SetupLink, SetupRequest, SetupState } from '@agentpod/core';
import type { FastifyRequest } from 'fastify';
import { type Api, problems } from '../api.ts';
import { giveSession, identify, refuseCrossSiteBrowser } from '../identity.ts';
import type { RouteContext } from '../services.ts';
import { fewAttempts } from './few-attempts.ts';

export function setupRoutes(api: Api, context: RouteContext): void {
  const { setup } = context.services;

  api.get(
    '/v1/setup',
    {
      schema: {
        summary: 'Whether the first account exists',
        tags: ['set-up'],
        security: [],
        response: { 200: SetupState, ...problems },
      },
    },
    async () => ({ done: await setup.isDone() }),
  );

  api.post(
    '/v1/setup',
    {
      config: { rateLimit: fewAttempts },
      schema: {
        summary: 'Make the first account with the token of the set-up link, and log in',
        tags: ['set-up'],
        security: [],
        body: SetupRequest,
        response: { 200: Me, ...problems },
      },
    },
    async (request, reply) => {
      refuseCrossSiteBrowser(request, context);
      const { person, session } = await setup.complete(request.body);
      giveSession(reply, session, context);
      return { id: person.id, username: person.username, via: 'session' as const };
    },
  );

  api.post(
    '/v1/setup/link',
    {
      schema: {
        summary: 'A new one-time set-up link; root token only',
        tags: ['set-up'],
        response: { 200: SetupLink, ...problems },
      },
    },
    (request) => linkFor(request),
  );

  async function linkFor(request: FastifyRequest) {
    const { isRoot } = await identify(request, context);
    if (isRoot) return setup.link();
    throw new AppError('forbidden', 'RootOnly', 'only the root token may ask for a set-up link', {
      remedy: 'Run the command on the machine itself, as root.',
    });
  }
}
