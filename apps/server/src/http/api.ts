import { Problem } from '@agentpod/core';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The server as routes see it: schemas are zod, and handlers get what the schemas say. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: Problem } },
});

/** What every operation may answer instead. */
export const problems = {
  '4xx': problem('The request cannot be carried out as it is.'),
  '5xx': problem('AgentPod or something it needs does not work now.'),
};

/** An answer without a body. */
export const nothing = { 204: z.null().describe('Done.'), ...problems };
