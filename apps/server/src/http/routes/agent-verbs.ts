import { type Agent, type AgentRef, AgentView } from '@agentpod/core';
import { z } from 'zod';
import { type Api, problems } from '../api.ts';
import type { RouteContext } from '../services.ts';
import { AgentParams, agentPath, withTag } from './agent-parts.ts';

const tags = ['agents'];

/** What a person asks of an agent in one word. It is done when the status says so. */
export function agentVerbRoutes(api: Api, { services: { agents, views } }: RouteContext): void {
  const verb = (word: string, summary: string, act: (ref: AgentRef) => Promise<Agent>): void => {
    api.post(
      `${agentPath}/${word}`,
      { schema: { summary, tags, params: AgentParams, response: { 202: AgentView, ...problems } } },
      async (request, reply) => reply.code(202).send(withTag(reply, views.of(await act(request.params)))),
    );
  };

  verb('stop', 'Stop it; everything is kept', (ref) => agents.stop(ref));
  verb('start', 'Start it again', (ref) => agents.start(ref));
  verb('restart', 'Restart it', (ref) => agents.restart(ref));
  verb('undelete', 'Bring it back with its data', (ref) => agents.undelete(ref));

  api.delete(
    agentPath,
    {
      schema: {
        summary: 'Delete it; the data is kept unless it is purged',
        tags,
        params: AgentParams,
        querystring: z.strictObject({ purge: z.stringbool().default(false) }),
        response: { 202: AgentView, ...problems },
      },
    },
    async (request, reply) => {
      const agent = await agents.delete(request.params, request.query.purge);
      return reply.code(202).send(withTag(reply, views.of(agent)));
    },
  );
}
