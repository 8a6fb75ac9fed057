import { ChatReply, ChatRequest, EventList, LogLine, LogsQuery, WatchMessage } from '@agentpod/core';
import { z } from 'zod';
import { watch } from '../../services/watch.ts';
import { type Api, problems } from '../api.ts';
import { sendEvents, untilGone } from '../event-stream.ts';
import type { RouteContext } from '../services.ts';
import { AgentParams, agentPath } from './agent-parts.ts';

/** In the OpenAPI document; the messages themselves are checked one by one as they are sent. */
const streamOf = (schema: z.ZodType, description: string) => ({
  200: { description, content: { 'text/event-stream': { schema } } },
  ...problems,
});

/** What an agent says, and what is said about it. */
export function agentTalkRoutes(api: Api, context: RouteContext): void {
  const { agents, views, talk, changes } = context.services;
  const tags = ['agents'];

  api.post(
    `${agentPath}/chat`,
    {
      schema: {
        summary: 'One turn of conversation with the agent',
        tags,
        params: AgentParams,
        body: ChatRequest,
        response: { 200: ChatReply, ...problems },
      },
    },
    async (request, reply) => {
      const signal = untilGone(reply, context.stopping);
      return talk.chat(await agents.find(request.params), request.body, signal);
    },
  );

  api.get(
    `${agentPath}/events`,
    {
      schema: {
        summary: 'What happened, newest first',
        tags,
        params: AgentParams,
        response: { 200: EventList, ...problems },
      },
    },
    async (request) => ({ items: await views.events(await agents.find(request.params, { deleted: true })) }),
  );

  api.get(
    `${agentPath}/logs`,
    {
      schema: {
        summary: 'What the agent prints, as server-sent events',
        tags,
        params: AgentParams,
        querystring: LogsQuery,
        response: streamOf(LogLine, 'One event per line.'),
      },
    },
    async (request, reply) => {
      const signal = untilGone(reply, context.stopping);
      const lines = await talk.logs(await agents.find(request.params), request.query, signal);
      return sendEvents(reply, LogLine, lines, { signal, context });
    },
  );

  api.get(
    '/v1/watch',
    {
      schema: {
        summary: 'Every agent once, then every change, as server-sent events',
        tags,
        response: streamOf(WatchMessage, 'One event per agent as it is now.'),
      },
    },
    async (_request, reply) => {
      const signal = untilGone(reply, context.stopping);
      return sendEvents(reply, WatchMessage, watch(views, changes, signal), { signal, context });
    },
  );
}
