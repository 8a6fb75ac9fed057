import { AgentList, AgentView, CreateAgent, ListAgentsQuery, SetModel, UpdateAgent } from '@agentpod/core';
import { z } from 'zod';
import { type Api, problems } from '../api.ts';
import { whoAsks } from '../identity.ts';
import type { RouteContext } from '../services.ts';
import { AgentParams, agentPath, withTag } from './agent-parts.ts';

const tags = ['agents'];

const CreateHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'use 1 to 200 printable ASCII characters')
    .optional()
    .describe('The same key with the same request answers with the same agent, for 24 hours.'),
});

const UpdateHeaders = z.looseObject({
  'if-match': z
    .string()
    .regex(/^"\d{1,15}"$/, 'write the generation in quotes, as the ETag has it')
    .optional()
    .describe('Refuses the change when the agent is at another generation.'),
});

export function agentRoutes(api: Api, { services }: RouteContext): void {
  const { agents, creation, views } = services;

  api.post(
    '/v1/agents',
    {
      schema: {
        summary: 'Create an agent, and its tenant when it is the first',
        tags,
        headers: CreateHeaders,
        body: CreateAgent,
        response: { 202: AgentView, ...problems },
      },
    },
    async (request, reply) => {
      const key = request.headers['idempotency-key'];
      const idempotency = key === undefined ? undefined : { key, who: whoAsks(request).id };
      const agent = await creation.create(request.body, idempotency);
      return reply.code(202).send(withTag(reply, views.of(agent)));
    },
  );

  api.get(
    '/v1/agents',
    {
      schema: { summary: 'List agents', tags, querystring: ListAgentsQuery, response: { 200: AgentList, ...problems } },
    },
    (request) => views.list(request.query),
  );

  api.get(
    agentPath,
    {
      schema: {
        summary: 'One agent, also a deleted one that can be brought back',
        tags,
        params: AgentParams,
        response: { 200: AgentView, ...problems },
      },
    },
    async (request, reply) => withTag(reply, views.of(await agents.find(request.params, { deleted: true }))),
  );

  api.patch(
    agentPath,
    {
      schema: {
        summary: 'Change what is said; what is left out stays',
        tags,
        params: AgentParams,
        headers: UpdateHeaders,
        body: UpdateAgent,
        response: { 200: AgentView, ...problems },
      },
    },
    async (request, reply) => {
      const tag = request.headers['if-match'];
      const ifGeneration = tag === undefined ? undefined : Number(tag.slice(1, -1));
      return withTag(reply, views.of(await agents.update(request.params, request.body.spec, ifGeneration)));
    },
  );

  api.put(
    `${agentPath}/model`,
    {
      schema: {
        summary: 'Set the model, and its key; a key that is left out stays while the provider does',
        tags,
        params: AgentParams,
        body: SetModel,
        response: { 200: AgentView, ...problems },
      },
    },
    async (request, reply) => {
      const { model, modelKey } = request.body;
      return withTag(reply, views.of(await agents.setModel(request.params, model, modelKey)));
    },
  );
}
