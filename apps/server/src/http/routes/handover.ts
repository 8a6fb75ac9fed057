import { AppError } from '@agentpod/core';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Api } from '../api.ts';
import { sessionOf } from '../identity.ts';
import type { RouteContext } from '../services.ts';
import { answerPage } from './pages.ts';

const Query = z.object({
  host: z.string().max(300),
  /** SHA-256, base64url. */
  nonce: z.string().regex(/^[\w-]{43}$/),
  next: z.string().max(4096).default('/'),
});

/** A browser comes from an agent's host to be told who it is, and goes back there with a code. */
export function handoverRoutes(api: Api, context: RouteContext): void {
  const { handover, accounts } = context.services;

  api.get('/handover', { schema: { hide: true } }, async (request, reply) => {
    try {
      refuseUnlessNavigation(request);
      const query = Query.safeParse(request.query);
      if (!query.success) throw new AppError('invalid', 'InvalidHandover', 'this address is not complete');
      await handover.check(query.data);
      const session = sessionOf(request, context);
      const person = session === undefined ? undefined : await accounts.bySession(session);
      if (!person) {
        const back = `/handover?${new URLSearchParams(query.data).toString()}`;
        return await reply.redirect(`/login?${new URLSearchParams({ next: back }).toString()}`, 302);
      }
      return await reply.redirect(await handover.redirect(query.data, person.id), 302);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return answerPage(error, request, reply);
    }
  });
}

/** A page of a stranger must not be able to fetch or frame this and read where it leads. */
function refuseUnlessNavigation(request: FastifyRequest): void {
  const { 'sec-fetch-dest': destination, 'sec-fetch-mode': mode } = request.headers;
  if ((destination ?? 'document') === 'document' && (mode ?? 'navigate') === 'navigate') return;
  throw new AppError('forbidden', 'NotANavigation', 'open this address in a window of its own');
}
