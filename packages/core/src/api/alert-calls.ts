import type { z } from 'zod';
import {
  AlertDeliveryList,
  AlertDetail,
  AlertList,
  AlertTransportList,
  AlertTransportView,
  type CreateMaintenance,
  type CreateSilence,
  MaintenanceList,
  MaintenanceView,
  type PutAlertTransport,
  SilenceList,
  SilenceView,
  TransportTest,
} from './alert-schemas.ts';

/** What these calls need of the client: one request, its answer checked against the contract. */
export interface AlertCalling {
  readonly ask: <S extends z.ZodType>(schema: S, method: string, path: string, body?: unknown) => Promise<z.output<S>>;
  readonly send: (method: string, path: string) => Promise<unknown>;
  readonly queryString: (values: Readonly<Record<string, string | number | boolean | undefined>>) => string;
}

export function alertCalls({ ask, send, queryString }: AlertCalling) {
  const transport = (name: string) => `/v1/alert-transports/${encodeURIComponent(name)}`;
  return {
    listAlerts: (query: { state?: 'firing' | 'all'; tenant?: string; limit?: number } = {}) =>
      ask(AlertList, 'GET', `/v1/alerts${queryString(query)}`),
    getAlert: (id: string) => ask(AlertDetail, 'GET', `/v1/alerts/${encodeURIComponent(id)}`),

    createSilence: (request: CreateSilence) => ask(SilenceView, 'POST', '/v1/silences', request),
    listSilences: () => ask(SilenceList, 'GET', '/v1/silences'),
    removeSilence: async (id: string) => void (await send('DELETE', `/v1/silences/${encodeURIComponent(id)}`)),

    createMaintenance: (request: CreateMaintenance) => ask(MaintenanceView, 'POST', '/v1/maintenance', request),
    listMaintenance: () => ask(MaintenanceList, 'GET', '/v1/maintenance'),
    /** One that has begun ends now; one to come is removed. */
    endMaintenance: async (id: string) => void (await send('DELETE', `/v1/maintenance/${encodeURIComponent(id)}`)),

    /** Makes it, or changes what is said. */
    putAlertTransport: (name: string, request: PutAlertTransport) =>
      ask(AlertTransportView, 'PUT', transport(name), request),
    getAlertTransport: (name: string) => ask(AlertTransportView, 'GET', transport(name)),
    listAlertTransports: () => ask(AlertTransportList, 'GET', '/v1/alert-transports'),
    removeAlertTransport: async (name: string) => void (await send('DELETE', transport(name))),
    /** Says something to whoever is at the other end, and answers what came of it. */
    testAlertTransport: (name: string) => ask(TransportTest, 'POST', `${transport(name)}/test`),
    listAlertDeliveries: (query: { transport?: string; limit?: number } = {}) =>
      ask(AlertDeliveryList, 'GET', `/v1/alert-deliveries${queryString(query)}`),
  };
}
