import {
  CreateMaintenance,
  CreateSilence,
  MaintenanceList,
  MaintenanceView,
  SilenceList,
  SilenceView,
} from '@agentpod/core';
import { z } from 'zod';
import { type Api, nothing, problems } from '../api.ts';
import { maintenanceView, silenceView } from '../../services/alerts/alert-views.ts';
import { whoAsks } from '../identity.ts';
import type { RouteContext } from '../services.ts';

const tags = ['alerts'];
const params = z.strictObject({ id: z.string().max(200) });

/** When people do not want to be told. */
export function quietTimeRoutes(api: Api, { services: { quietTimes } }: RouteContext): void {
  api.post(
    '/v1/silences',
    {
      schema: {
        summary: 'Tell nobody of what matches, until then',
        tags,
        body: CreateSilence,
        response: { 201: SilenceView, ...problems },
      },
    },
    async (request, reply) => {
      const silence = await quietTimes.silence(request.body, whoAsks(request).username);
      return reply.code(201).send(silenceView(silence));
    },
  );

  api.get(
    '/v1/silences',
    { schema: { summary: 'Silences that are not over', tags, response: { 200: SilenceList, ...problems } } },
    async () => ({ items: (await quietTimes.silences()).map(silenceView) }),
  );

  api.delete(
    '/v1/silences/:id',
    { schema: { summary: 'End a silence', tags, params, response: nothing } },
    async (request, reply) => {
      await quietTimes.unsilence(request.params.id);
      return reply.code(204).send(null);
    },
  );

  api.post(
    '/v1/maintenance',
    {
      schema: {
        summary: 'Announce work: nobody is told, and it does not count against availability',
        tags,
        body: CreateMaintenance,
        response: { 201: MaintenanceView, ...problems },
      },
    },
    async (request, reply) => {
      const window = await quietTimes.announce(request.body, whoAsks(request).username);
      return reply.code(201).send(maintenanceView(window));
    },
  );

  api.get(
    '/v1/maintenance',
    {
      schema: {
        summary: 'Maintenance windows: to come, now, and of the last 90 days',
        tags,
        response: { 200: MaintenanceList, ...problems },
      },
    },
    async () => ({ items: (await quietTimes.maintenance()).map(maintenanceView) }),
  );

  api.delete(
    '/v1/maintenance/:id',
    { schema: { summary: 'End maintenance now, or call it off', tags, params, response: nothing } },
    async (request, reply) => {
      await quietTimes.endMaintenance(request.params.id);
      return reply.code(204).send(null);
    },
  );
}
