import { AgentName, type AgentView, TenantName } from '@agentpod/core';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';

/** `/v1/agents/acme/main` */
export const AgentParams = z.strictObject({ tenant: TenantName, agent: AgentName });

export const agentPath = '/v1/agents/:tenant/:agent';

/** The generation is the version that `If-Match` compares. */
export function withTag(reply: FastifyReply, view: AgentView): AgentView {
  void reply.header('etag', `"${view.generation}"`);
  return view;
}
