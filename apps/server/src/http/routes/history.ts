import { AgentHistory, HistoryQuery, SlaQuery, SlaReport } from '@agentpod/core';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Api, problems } from '../api.ts';
import type { RouteContext } from '../services.ts';
import { slaCsv } from '../sla-csv.ts';
import { AgentParams, agentPath } from './agent-parts.ts';

const tags = ['history'];

/** What became of agents over time. */
export function historyRoutes(api: Api, { services: { agents, history } }: RouteContext): void {
  api.get(
    `${agentPath}/history`,
    {
      schema: {
        summary: 'States, availability and use of resources over a time',
        tags,
        params: AgentParams,
        querystring: HistoryQuery,
        response: { 200: AgentHistory, ...problems },
      },
    },
    async (request) => history.ofAgent(await agents.find(request.params, { deleted: true }), request.query),
  );

  api.get(
    '/v1/sla',
    {
      schema: {
        summary: 'Availability of every tenant and agent in a month, as JSON or CSV',
        tags,
        querystring: SlaQuery,
        response: {
          200: {
            description: 'CSV where "format" or "accept" asks for it.',
            content: { 'application/json': { schema: SlaReport }, 'text/csv': { schema: z.string() } },
          },
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const report = await history.sla(request.query);
      if (!wantsCsv(request, request.query.format)) return report;
      void reply.header('content-disposition', `attachment; filename="agentpod-sla-${report.month}.csv"`);
      return reply.type('text/csv; charset=utf-8; header=present').send(slaCsv(report));
    },
  );
}

function wantsCsv(request: FastifyRequest, format: 'json' | 'csv' | undefined): boolean {
  if (format !== undefined) return format === 'csv';
  // A program that takes anything gets JSON.
  return request.headers.accept?.includes('text/csv') === true;
}
