import { AppError } from '@agentpod/core';
import { z } from 'zod';
import { type Api, problems } from '../api.ts';
import type { RouteContext } from '../services.ts';

const Health = z.object({ status: z.literal('ok') });
const tags = ['health'];

export function healthRoutes(api: Api, { services }: RouteContext): void {
  api.get(
    '/healthz',
    { schema: { summary: 'The process is alive', tags, security: [], response: { 200: Health, ...problems } } },
    async () => ({ status: 'ok' as const }),
  );

  api.get(
    '/readyz',
    { schema: { summary: 'The store can be read', tags, security: [], response: { 200: Health, ...problems } } },
    async () => {
      try {
        await services.ping();
      } catch (cause) {
        throw new AppError('unavailable', 'StoreUnavailable', 'the store cannot be read', { cause });
      }
      return { status: 'ok' as const };
    },
  );

  api.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => reply.send(api.swagger()));
}
