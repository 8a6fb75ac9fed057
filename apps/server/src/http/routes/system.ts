import { AgentTypeList, DoctorReport, OrphanList, SystemView, TenantList } from '@agentpod/core';
import { type Api, problems } from '../api.ts';
import { untilGone } from '../event-stream.ts';
import type { RouteContext } from '../services.ts';

export function systemRoutes(api: Api, { services, stopping }: RouteContext): void {
  const tags = ['system'];

  api.get(
    '/v1/system',
    { schema: { summary: 'What this installation is', tags, response: { 200: SystemView, ...problems } } },
    async () => services.system(),
  );

  api.get(
    '/v1/doctor',
    {
      schema: { summary: 'Examine everything AgentPod stands on', tags, response: { 200: DoctorReport, ...problems } },
    },
    async () => ({ checks: await services.examine() }),
  );

  api.get(
    '/v1/orphans',
    {
      schema: {
        summary: 'What agents that nobody knows have left on the engine, and when it goes',
        tags,
        response: { 200: OrphanList, ...problems },
      },
    },
    async (_request, reply) => ({ items: await services.orphans.list(untilGone(reply, stopping)) }),
  );

  api.delete(
    '/v1/orphans',
    {
      schema: {
        summary: 'Remove their containers and networks now; volumes are kept',
        tags,
        response: { 200: OrphanList, ...problems },
      },
    },
    async (_request, reply) => ({ items: await services.orphans.remove(untilGone(reply, stopping)) }),
  );

  api.get(
    '/v1/agent-types',
    { schema: { summary: 'The types of agents there are', tags, response: { 200: AgentTypeList, ...problems } } },
    async () => ({ items: services.types.views() }),
  );

  api.get(
    '/v1/tenants',
    {
      schema: {
        summary: 'All tenants and the names of their agents',
        tags,
        response: { 200: TenantList, ...problems },
      },
    },
    async () => ({ items: await services.views.tenants() }),
  );
}
