import { AgentTypeList, DoctorReport, SystemView, TenantList } from '@agentpod/core';
import { type Api, problems } from '../api.ts';
import type { RouteContext } from '../services.ts';

export function systemRoutes(api: Api, { services }: RouteContext): void {
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
