import {
  AlertDeliveryList,
  AlertDetail,
  AlertList,
  AlertTransportList,
  AlertTransportView,
  ListAlertsQuery,
  ListDeliveriesQuery,
  PutAlertTransport,
  TransportName,
  TransportTest,
} from '@agentpod/core';
import { z } from 'zod';
import { type Api, nothing, problems } from '../api.ts';
import { transportView } from '../../services/alerts/alert-views.ts';
import type { RouteContext } from '../services.ts';

const tags = ['alerts'];
const transportPath = '/v1/alert-transports/:name';
const params = z.strictObject({ name: TransportName });

/** What people must know, and how they are told. */
export function alertRoutes(api: Api, { services: { alerts, transports }, stopping }: RouteContext): void {
  api.get(
    '/v1/alerts',
    {
      schema: {
        summary: 'Alerts that fire, or all of them, newest first',
        tags,
        querystring: ListAlertsQuery,
        response: { 200: AlertList, ...problems },
      },
    },
    (request) => alerts.list(request.query).then((items) => ({ items })),
  );

  api.get(
    '/v1/alerts/:id',
    {
      schema: {
        summary: 'One alert and what was said about it',
        tags,
        params: z.strictObject({ id: z.string().max(200) }),
        response: { 200: AlertDetail, ...problems },
      },
    },
    (request) => alerts.get(request.params.id),
  );

  api.put(
    transportPath,
    {
      schema: {
        summary: 'Make a transport, or change what is said; secrets that are left out stay',
        tags,
        params,
        body: PutAlertTransport,
        response: { 200: AlertTransportView, ...problems },
      },
    },
    (request) => transports.put(request.params.name, request.body).then(transportView),
  );

  api.get(
    transportPath,
    { schema: { summary: 'One transport', tags, params, response: { 200: AlertTransportView, ...problems } } },
    (request) => transports.get(request.params.name).then(transportView),
  );

  api.get(
    '/v1/alert-transports',
    { schema: { summary: 'All transports', tags, response: { 200: AlertTransportList, ...problems } } },
    async () => ({ items: (await transports.list()).map(transportView) }),
  );

  api.delete(
    transportPath,
    {
      schema: { summary: 'Remove a transport, and what it had still to deliver', tags, params, response: nothing },
    },
    async (request, reply) => {
      await transports.remove(request.params.name);
      return reply.code(204).send(null);
    },
  );

  api.post(
    `${transportPath}/test`,
    {
      schema: {
        summary: 'Deliver a test notice now; the answer says what came of it',
        tags,
        params,
        response: { 200: TransportTest, ...problems },
      },
    },
    (request) => transports.test(request.params.name, stopping),
  );

  api.get(
    '/v1/alert-deliveries',
    {
      schema: {
        summary: 'Attempts to deliver notices, newest first',
        tags,
        querystring: ListDeliveriesQuery,
        response: { 200: AlertDeliveryList, ...problems },
      },
    },
    (request) => alerts.deliveries(request.query).then((items) => ({ items })),
  );
}
