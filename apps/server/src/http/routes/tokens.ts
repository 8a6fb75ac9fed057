import { AppError, CreateToken, NewToken, TokenList } from '@agentpod/core';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Api, nothing, problems } from '../api.ts';
import { whoAsks } from '../identity.ts';
import type { Accounts } from '../../ports/accounts.ts';
import type { RouteContext } from '../services.ts';

export function tokenRoutes(api: Api, { services: { accounts } }: RouteContext): void {
  const tokensOf = async (owner: string) => ({ items: [...(await accounts.listTokens(owner))] });

  api.post(
    '/v1/tokens',
    {
      schema: {
        summary: 'Make an API token; it is shown in this answer and never again',
        tags: ['tokens'],
        body: CreateToken,
        response: { 201: NewToken, ...problems },
      },
    },
    async (request, reply) => {
      const owner = await ownerOf(request, accounts);
      return reply.code(201).send(await accounts.createToken(owner, request.body.name));
    },
  );

  api.get(
    '/v1/tokens',
    { schema: { summary: 'My API tokens', tags: ['tokens'], response: { 200: TokenList, ...problems } } },
    (request) => ownerOf(request, accounts).then(tokensOf),
  );

  api.delete(
    '/v1/tokens/:id',
    {
      schema: {
        summary: 'Revoke one of my API tokens',
        tags: ['tokens'],
        params: z.strictObject({ id: z.string() }),
        response: nothing,
      },
    },
    async (request, reply) => {
      await accounts.revokeToken(await ownerOf(request, accounts), request.params.id);
      return reply.code(204).send(null);
    },
  );
}

/** Tokens belong to people. Root has none of its own: it looks after those of the first account. */
async function ownerOf(request: FastifyRequest, accounts: Accounts): Promise<string> {
  const { id, isRoot } = whoAsks(request);
  if (!isRoot) return id;
  const [first] = await accounts.listPeople();
  if (first) return first.id;
  throw new AppError('conflict', 'NotSetUp', 'API tokens belong to an account, and there is none yet', {
    remedy: 'Make the first account with the link that "agentpod setup-link" prints.',
  });
}
